import { Connection, type Asker, type Keeper, type Outgoing, type Times } from './connection.js';

interface Waiting {
  outgoing: Outgoing;
  asker: Asker;
}

/** The connections to one server: kept open, taken again, never more than so many. */
export class Connections implements Keeper {
  /** The one that was used last comes first: those that are not needed grow old together. */
  private readonly free: Connection[] = [];
  private readonly all = new Set<Connection>();
  private readonly waiting: Waiting[] = [];
  private retired = false;

  constructor(
    private readonly host: string,
    private readonly port: number,
    private readonly atMost: number,
    private readonly times: Times,
  ) {}

  /** Sends a request, at once or when its turn comes. */
  ask(outgoing: Outgoing, asker: Asker): void {
    const connection = this.free.pop();
    if (connection) connection.ask(outgoing, asker);
    else if (this.all.size < this.atMost) this.open().ask(outgoing, asker);
    else this.waiting.push({ outgoing, asker });
  }

  /** The asker wants no answer any more. */
  abort(asker: Asker): void {
    const turn = this.waiting.findIndex((waiting) => waiting.asker === asker);
    if (turn >= 0) this.waiting.splice(turn, 1);
    else for (const connection of this.all) connection.abort(asker);
  }

  /** The asker takes the rest of the body now. */
  resume(asker: Asker): void {
    for (const connection of this.all) connection.resume(asker);
  }

  /** No more requests will come: what is idle closes now, the rest when it is done. */
  retire(): void {
    this.retired = true;
    for (const connection of [...this.free]) connection.close();
  }

  onFree(connection: Connection): void {
    const next = this.waiting.shift();
    if (next) connection.ask(next.outgoing, next.asker);
    else if (this.retired) connection.close();
    else this.free.push(connection);
  }

  onGone(connection: Connection): void {
    this.all.delete(connection);
    const index = this.free.indexOf(connection);
    if (index >= 0) this.free.splice(index, 1);
    const next = this.waiting.shift();
    if (next) this.ask(next.outgoing, next.asker);
  }

  private open(): Connection {
    const connection = new Connection(this.host, this.port, this.times, this);
    this.all.add(connection);
    return connection;
  }
}
