import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Jenkins } from './jenkins.js';

/** What Jenkins' junit plugin says of a build's specs. */
const testReportSchema = z.object({
  suites: z.array(
    z.object({
      cases: z.array(
        z.object({
          className: z.string().nullish(),
          name: z.string(),
          status: z.string(),
          errorDetails: z.string().nullish(),
          errorStackTrace: z.string().nullish(),
        }),
      ),
    }),
  ),
});

/** What the warnings-ng plugin says of its lint findings. */
const findingsSchema = z.object({
  issues: z.array(
    z.object({
      fileName: z.string(),
      lineStart: z.number(),
      message: z.string(),
      severity: z.string(),
    }),
  ),
});

/**
 * Why a build is red, in a line: the first failing spec, or else the first lint error, with file and line in the clone.
 * Null when the build published neither; then its log has to tell.
 */
export async function whyRed(jenkins: Jenkins, number: number, clone: string): Promise<string | null> {
  const isHere = (file: string): boolean => existsSync(join(clone, file));
  const [tests, findings] = await Promise.all([
    jenkins.report(number, 'testReport'),
    jenkins.report(number, 'checkstyle/all'),
  ]);
  return firstFailingSpec(tests, isHere) ?? firstLintError(findings, isHere);
}

/** The first spec that failed, of a `testReport`; null when none did, or there is no such report. */
export function firstFailingSpec(report: unknown, isHere: (file: string) => boolean): string | null {
  const { data } = testReportSchema.safeParse(report);
  const failed = data?.suites
    .flatMap((suite) => suite.cases)
    .find(({ status }) => status === 'FAILED' || status === 'REGRESSION');
  if (!failed) return null;
  const name = [failed.className, failed.name].filter(Boolean).join(' ');
  const reason = firstLine(failed.errorDetails ?? failed.errorStackTrace ?? '');
  return sentence(placeInStack(failed.errorStackTrace ?? '', isHere), name, reason);
}

/** The first finding that counts as an error; null when there is none. */
export function firstLintError(report: unknown, isHere: (file: string) => boolean): string | null {
  const { data } = findingsSchema.safeParse(report);
  const error = data?.issues.find(({ severity }) => ['ERROR', 'HIGH'].includes(severity));
  if (!error) return null;
  return sentence(`${inClone(error.fileName, isHere)}:${error.lineStart}`, error.message, '');
}

/** The first place of a stack that is a file of the clone, as `file:line`; '' when there is none. */
function placeInStack(stack: string, isHere: (file: string) => boolean): string {
  for (const [, path = '', line = ''] of stack.matchAll(/(?:file:\/\/)?(\/[^\s():]+):(\d+):\d+/g)) {
    const file = inClone(path, isHere);
    if (file !== path && !file.includes('node_modules/')) return `${file}:${line}`;
  }
  return '';
}

/** Jenkins built in a workspace of its own: the longest end of the path that the clone has too, or the path itself. */
function inClone(path: string, isHere: (file: string) => boolean): string {
  const parts = path.split('/').filter(Boolean);
  const ends = parts.map((_, index) => parts.slice(index).join('/'));
  return ends.find(isHere) ?? path;
}

function sentence(place: string, what: string, reason: string): string {
  return [place && `${place}:`, what, reason && `– ${reason}`].filter(Boolean).join(' ');
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0]?.trim() ?? '';
}
