import type { Build, StageRecord } from '../build.js';
import type { Job } from '../job.js';
import { html, type Html } from './html.js';
import { jobPath } from './jobs.js';
import { badge, duration, layout, time } from './layout.js';

/** So many failed tests are told in full. */
const shownTests = 50;

/** A build: result, stages, parameters, tests, findings, live console; Rebuild and Stop. */
export function buildPage(job: Job, build: Build): string {
  const { record } = build;
  const path = `${jobPath(job)}${build.number}/`;
  return layout(
    `${job.name} ${record.displayName}`,
    [
      { text: job.name, href: jobPath(job) },
      { text: record.displayName, href: path },
    ],
    html`<div class="title">
        <h1>${record.displayName}</h1>
        ${badge(record.result, record.building)}
        <form method="post" action="${path}rebuild"><button>Rebuild</button></form>
        ${record.building ? html`<form method="post" action="${path}stop"><button class="danger">Stop</button></form>` : ''}
      </div>
      <p class="soft">
        ${record.causes.map(({ shortDescription }) => shortDescription).join(', ')} ·
        ${time(record.timestamp)} ·
        ${
          record.building ? 'running' : duration(record.duration)
        }${record.scm ? html` · <code>${record.scm.commit.slice(0, 10)}</code>` : ''}
      </p>
      ${record.description ? html`<p>${record.description}</p>` : ''}
      ${record.inputs.map(({ id, message, ok }) => inputForm(path, id, message, ok))}
      <div id="stages">${stages(record.stages)}</div>
      ${parameters(build)}${tests(build)}${findings(build)}${artifacts(path, build)}
      <h2>Console</h2>
      <p class="soft">
        <a href="${path}consoleText">Full log</a>
        <span id="skipped" hidden>· only the end of it is shown here</span>
      </p>
      <pre
        id="console"
        data-log="${path}logText/progressiveText"
        data-stages="${path}stages"
        data-building="${record.building}"
        data-size="${build.logSize}"
        tabindex="0"
        aria-label="Console"
      ></pre>`,
    'console.js',
  );
}

/** The list of stages, each with a bar of its time beside the whole; fetched again while the build runs. */
export function stages(all: StageRecord[]): Html {
  if (all.length === 0) return html``;
  const depth = (stage: StageRecord): number => {
    const parent = all.find(({ id }) => id === stage.parent);
    return parent ? depth(parent) + 1 : 0;
  };
  const now = Date.now();
  const took = (stage: StageRecord): number =>
    stage.status === 'IN_PROGRESS' ? now - stage.start : stage.duration;
  const from = Math.min(...all.map(({ start }) => start));
  const whole = Math.max(1, ...all.map((stage) => stage.start + took(stage) - from));
  const percent = (ms: number): string => ((ms / whole) * 100).toFixed(2);
  return html`<ol class="stages">
    ${all.map(
      (stage) =>
        html`<li class="${stage.status.toLowerCase()}" style="--depth:${depth(stage)}">
          <b>${stage.name}</b>
          <i style="--from:${percent(stage.start - from)}%;--took:${percent(took(stage))}%"></i>
          <span>${stage.status.toLowerCase().replace('_', ' ')}</span>
          <span class="soft">${duration(took(stage))}</span>
        </li>`,
    )}
  </ol>`;
}

function inputForm(path: string, id: string, message: string, ok: string): Html {
  return html`<form class="input" method="post" action="${path}input/${id}/proceedEmpty">
    <p>${message}</p>
    <button>${ok}</button> <button class="danger" formaction="${path}input/${id}/abort">Abort</button>
  </form>`;
}

function parameters({ record }: Build): Html {
  const all = Object.entries(record.parameters);
  if (all.length === 0) return html``;
  return html`<h2>Parameters</h2>
    <dl>
      ${all.map(
        ([name, value]) =>
          html`<dt>${name}</dt>
            <dd><code>${value === '' ? '–' : String(value)}</code></dd>`,
      )}
    </dl>`;
}

function tests(build: Build): Html {
  const { tests: counts } = build.record;
  if (!counts) return html``;
  const failed = (build.testSuites ?? [])
    .flatMap(({ cases }) => cases)
    .filter(({ status }) => status === 'FAILED');
  return html`<h2>Tests</h2>
    <p>
      ${counts.totalCount - counts.failCount - counts.skipCount} passed, ${counts.failCount} failed,
      ${counts.skipCount} skipped
    </p>
    ${failed.slice(0, shownTests).map(
      ({ className, name, errorDetails, errorStackTrace }) =>
        html`<details class="failed-test" ${failed.length <= 3 ? 'open' : ''}>
          <summary>${className} › ${name}</summary>
          <pre>
${errorDetails}${errorStackTrace && errorStackTrace !== errorDetails ? html`${'\n'}${errorStackTrace}` : ''}</pre>
        </details>`,
    )}
    ${failed.length > shownTests ? html`<p class="soft">… and ${failed.length - shownTests} more</p>` : ''}`;
}

function findings(build: Build): Html {
  const issues = build.record.issueTools.flatMap((tool) => build.issues(tool) ?? []);
  if (issues.length === 0) return html``;
  return html`<h2>Findings (${issues.length})</h2>
    <table>
      <thead>
        <tr>
          <th>Where</th>
          <th>Severity</th>
          <th>What</th>
        </tr>
      </thead>
      <tbody>
        ${issues.slice(0, 200).map(
          ({ fileName, lineStart, severity, message, type }) =>
            html`<tr>
              <td><code>${fileName}:${lineStart}</code></td>
              <td>${severity.toLowerCase()}</td>
              <td>${message} <span class="soft">${type}</span></td>
            </tr>`,
        )}
      </tbody>
    </table>`;
}

function artifacts(path: string, build: Build): Html {
  const all = build.artifacts;
  if (all.length === 0) return html``;
  const link = (file: string): string =>
    `${path}artifact/${file.split('/').map(encodeURIComponent).join('/')}`;
  return html`<h2>Artifacts</h2>
    <ul>
      ${all.map((file) => html`<li><a href="${link(file)}">${file}</a></li>`)}
    </ul>`;
}
