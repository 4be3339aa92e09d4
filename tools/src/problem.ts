/** Something the user can mend: what is wrong, and the way out. Becomes two lines and exit code 1. */
export class Problem extends Error {
  override readonly name = 'Problem';
  constructor(
    message: string,
    readonly wayOut?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The first line of whatever was thrown. */
export function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}
