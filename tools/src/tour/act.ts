import type { Stage } from './stage.js';

/** One act of the tour: what Coalmine promises, and the play that shows it. */
export interface Act {
  name: string;
  promise: string;
  /** Plays it. Throws a Broken when the promise was not kept; anything else that is thrown breaks it as well. */
  play(stage: Stage): Promise<Played>;
}

/** What was measured, in a few words. */
export interface Played {
  measured: string;
  kept: boolean;
}

/** What `coalmine tour --json` writes of an act. */
export interface Outcome extends Played {
  name: string;
  promise: string;
}

/** Something that was promised did not happen. */
export class Broken extends Error {
  override readonly name = 'Broken';
}
