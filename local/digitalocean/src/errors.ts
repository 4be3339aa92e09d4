/** An answer that is an error, in DigitalOcean's envelope. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly id: string,
    message: string,
  ) {
    super(message);
  }
}

export const notFound = (): ApiError =>
  new ApiError(404, 'not_found', 'The resource you were accessing could not be found.');

export const unprocessable = (message: string): ApiError =>
  new ApiError(422, 'unprocessable_entity', message);
