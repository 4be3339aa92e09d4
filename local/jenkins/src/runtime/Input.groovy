package coalmine

/** `input`: a question to people; the controller brings the answer. */
class Input {
  private static final Map<String, Map> pending = new java.util.concurrent.ConcurrentHashMap<String, Map>()

  static void register() {
    Steps.define('input', ['message!:text', 'id', 'ok', 'submitter', 'submitterParameter', 'parameters']) { Map given -> ask(given) }
  }

  static Object ask(Map given) {
    String id = given.id ?: Integer.toHexString((given.message as String).hashCode())
    id = id.capitalize()
    Map question = [answer: null]
    pending[id] = question
    Channel.log(given.message)
    Channel.log("${given.ok ?: 'Proceed'} or Abort")
    Channel.send([t: 'input', id: id, message: given.message as String, ok: (given.ok ?: 'Proceed') as String])
    CancelToken token = new CancelToken(Scope.current().token)
    try {
      while (question.answer == null) token.pause(200)
    } finally {
      pending.remove(id)
      Channel.send([t: 'input', id: id, done: true])
    }
    if (question.answer.abort) throw new FlowInterruptedException('ABORTED', "Rejected by ${question.answer.user}")
    Channel.log("Approved by ${question.answer.user}")
    Map values = (given.parameters ?: []).collectEntries { [it.name, question.answer.parameters?.get(it.name) ?: it.defaultValue] }
    if (given.submitterParameter) values[given.submitterParameter] = question.answer.user
    values.size() > 1 ? values : values.values().find()
  }

  static void answer(Map command) {
    Map question = pending[command.id as String]
    if (question) question.answer = command
  }
}

/** `input {}` of a stage: its parameters become environment of the stage. */
class InputBlock extends Recorder {
  final Map given = [:]

  static Map<String, String> ask(Closure block) {
    InputBlock recorder = new InputBlock()
    read(block, recorder)
    def answer = Steps.invoke('input', [recorder.given] as Object[])
    List parameters = recorder.given.parameters ?: []
    if (answer instanceof Map) return answer.collectEntries { [it.key, it.value as String] }
    parameters.size() == 1 ? [(parameters.first().name): answer as String] : [:]
  }

  void message(Object value) { given.message = value as String }

  void id(Object value) { given.id = value as String }

  void ok(Object value) { given.ok = value as String }

  void submitter(Object value) { given.submitter = value as String }

  void submitterParameter(Object value) { given.submitterParameter = value as String }

  void parameters(Closure block) { given.parameters = Parameters.read(block) }
}
