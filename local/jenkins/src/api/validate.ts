import { Router } from 'express';
import type { Groovy } from '../groovy.js';
import { fields, type ApiContext } from './context.js';

export interface JenkinsfileError {
  line: number;
  column: number;
  message: string;
  /** All of it as Groovy says it: with the line and a mark below the column. */
  text: string;
}

/** The errors of a Jenkinsfile in real Groovy; none when Jenkins would take it. */
export async function validateJenkinsfile(groovy: Groovy, script: string): Promise<JenkinsfileError[]> {
  const validator = groovy.take();
  validator.send({ t: 'validate', script });
  try {
    for await (const frames of validator.frames()) {
      const verdict = frames.find(({ t }) => t === 'validated');
      if (verdict) return verdict.errors as JenkinsfileError[];
    }
  } finally {
    validator.kill();
  }
  throw new Error('the validator ended without a verdict');
}

/** Jenkins' way to say it. */
export function describeErrors(errors: JenkinsfileError[]): string {
  if (errors.length === 0) return 'Jenkinsfile successfully validated.\n';
  return `Errors encountered validating Jenkinsfile:\n${errors.map(({ text }) => text.trimEnd()).join('\n\n')}\n`;
}

/** `POST /pipeline-model-converter/validate` with the form field `jenkinsfile`. */
export function validateRoutes({ groovy }: ApiContext): Router {
  const router = Router();
  router.post(
    ['/pipeline-model-converter/validate', '/pipeline-model-converter/validateJenkinsfile'],
    async (request, response) => {
      const errors = await validateJenkinsfile(groovy, String(fields(request).jenkinsfile ?? ''));
      if (request.path.endsWith('Jenkinsfile')) {
        response.json({
          status: 'ok',
          data:
            errors.length === 0
              ? { result: 'success' }
              : { result: 'failure', errors: errors.map(({ text }) => ({ error: text.trimEnd() })) },
        });
        return;
      }
      response.type('text/plain; charset=utf-8').send(describeErrors(errors));
    },
  );
  return router;
}
