package coalmine

/** A pipeline or stage as written: its sections as closures, evaluated only where Jenkins evaluates them. */
class Section {
  String name
  Closure agent, environment, options, parameters, tools, post, steps, input, when, axes, excludes
  Object agentValue
  boolean failFast = false
  /** `stages`, `parallel`, `matrix` or `steps`. */
  String kind
  List<Section> children = []
}

/** Reads a block by running it with a delegate that records. */
abstract class Recorder {
  static void read(Closure block, Recorder recorder) {
    Closure own = block.rehydrate(recorder, recorder, recorder)
    own.resolveStrategy = Closure.DELEGATE_FIRST
    own.call()
  }

  /** `any` and `none` without quotes; everything else is asked of the pipeline itself. */
  Object getProperty(String name) {
    if (name in ['any', 'none']) return name
    def own = getMetaClass().hasProperty(this, name)
    own ? own.getProperty(this) : Build.script.getProperty(name)
  }

  Object invokeMethod(String name, Object arguments) {
    def own = getMetaClass().pickMethod(name, (arguments as Object[])*.getClass() as Class[])
    own ? own.doMethodInvoke(this, arguments as Object[]) : Build.script.invokeMethod(name, arguments)
  }
}

class SectionRecorder extends Recorder {
  final Section section = new Section()

  void agent(Object value) { section.agentValue = value }

  void agent(Closure block) { section.agent = block }

  void environment(Closure block) { section.environment = block }

  void options(Closure block) { section.options = block }

  void parameters(Closure block) { section.parameters = block }

  void triggers(Closure block) { }

  void libraries(Closure block) { }

  void tools(Closure block) { section.tools = block }

  void post(Closure block) { section.post = block }

  void when(Closure block) { section.when = block }

  void input(Closure block) { section.input = block }

  void input(Object message) { section.input = { -> delegate.message(message) } }

  void failFast(boolean value) { section.failFast = value }

  void steps(Closure block) {
    section.kind = 'steps'
    section.steps = block
  }

  void stages(Closure block) { nest('stages', block) }

  void parallel(Closure block) { nest('parallel', block) }

  void matrix(Closure block) {
    MatrixRecorder recorder = new MatrixRecorder()
    read(block, recorder)
    section.kind = 'matrix'
    section.axes = recorder.axesBlock
    section.excludes = recorder.excludesBlock
    section.children = Matrix.cells(recorder, section)
  }

  private void nest(String kind, Closure block) {
    StagesRecorder recorder = new StagesRecorder()
    read(block, recorder)
    section.kind = kind
    section.children = recorder.sections
  }
}

class StagesRecorder extends Recorder {
  final List<Section> sections = []

  void stage(Object name, Closure block) {
    SectionRecorder recorder = new SectionRecorder()
    recorder.section.name = name as String
    read(block, recorder)
    sections << recorder.section
  }
}

class MatrixRecorder extends SectionRecorder {
  Closure axesBlock, excludesBlock, stagesBlock

  void axes(Closure block) { axesBlock = block }

  void excludes(Closure block) { excludesBlock = block }

  @Override
  void stages(Closure block) { stagesBlock = block }
}

class AxesRecorder extends Recorder {
  final List<Map> axes = []

  void axis(Closure block) {
    axes << [:]
    read(block, this)
  }

  void name(Object value) { axes.last().name = value as String }

  void values(Object... values) { axes.last().values = values*.toString() }

  void notValues(Object... values) { axes.last().notValues = values*.toString() }
}

class ExcludesRecorder extends Recorder {
  final List<List<Map>> excludes = []

  void exclude(Closure block) {
    AxesRecorder recorder = new AxesRecorder()
    read(block, recorder)
    excludes << recorder.axes
  }
}

/** A matrix is a parallel of cells, each with its axes in the environment. */
class Matrix {
  static List<Section> cells(MatrixRecorder recorder, Section parent) {
    AxesRecorder axes = new AxesRecorder()
    Recorder.read(recorder.axesBlock, axes)
    ExcludesRecorder excludes = new ExcludesRecorder()
    if (recorder.excludesBlock) Recorder.read(recorder.excludesBlock, excludes)
    List<List<String>> values = axes.axes*.values
    List<Map> all = values.combinations().collect { [axes.axes*.name, it].transpose().collectEntries() }
    all.findAll { cell -> !excludes.excludes.any { excluded(it, cell) } }.collect { Map cell ->
      StagesRecorder stages = new StagesRecorder()
      Recorder.read(recorder.stagesBlock, stages)
      Section own = recorder.section
      new MatrixCell(name: 'Matrix - ' + cell.collect { "${it.key} = '${it.value}'" }.join(', '), kind: 'stages', children: stages.sections,
        cell: cell, agent: own.agent, agentValue: own.agentValue, environment: own.environment, options: own.options, when: own.when, post: own.post)
    }
  }

  private static boolean excluded(List<Map> axes, Map cell) {
    axes.every { axis -> axis.values ? cell[axis.name] in axis.values : !(cell[axis.name] in axis.notValues) }
  }
}

class MatrixCell extends Section {
  Map<String, String> cell
}
