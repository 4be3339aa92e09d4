def call() {
  def package = 'a reserved word' // expect: compile
}
