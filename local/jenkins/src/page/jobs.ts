import type { Job } from '../job.js';
import type { QueueItem } from '../queue.js';
import { html, type Html } from './html.js';
import { badge, duration, layout, time } from './layout.js';

export function jobPath(job: Job): string {
  return `/job/${encodeURIComponent(job.name)}/`;
}

/** All jobs with their last build, and what waits. */
export function jobsPage(jobs: Job[], waiting: QueueItem[]): string {
  const rows = jobs.map((job) => {
    const [last] = job.history;
    return html`<tr>
      <td><a href="${jobPath(job)}">${job.name}</a></td>
      <td>${last ? html`<a href="${jobPath(job)}${last.number}/">${last.record.displayName}</a>` : '–'}</td>
      <td>${last ? badge(last.record.result, last.record.building) : ''}</td>
      <td class="soft">${last ? time(last.record.timestamp) : ''}</td>
      <td class="soft">${last && !last.record.building ? duration(last.record.duration) : ''}</td>
    </tr>`;
  });
  return layout(
    'Jobs',
    [],
    html`<h1>Jobs</h1>
      ${
        rows.length > 0
          ? html`<table>
              <thead>
                <tr>
                  <th>Job</th>
                  <th>Last build</th>
                  <th>Result</th>
                  <th>Started</th>
                  <th>Took</th>
                </tr>
              </thead>
              <tbody id="jobs" data-live>
                ${rows}
              </tbody>
            </table>`
          : html`<p class="soft">No job yet.</p>`
      }
      <div id="queue" data-live>${queue(waiting)}</div>`,
    'live.js',
  );
}

/** What waits for an executor, each with a way out. */
function queue(waiting: QueueItem[]): Html {
  if (waiting.length === 0) return html``;
  return html`<h2>Waiting</h2>
    <ul>
      ${waiting.map(
        ({ id, job }) =>
          html`<li>
            <form class="inline" method="post" action="/queue/item/${id}/withdraw">
              ${job.name} <span class="soft">(item ${id})</span> <button>Cancel</button>
            </form>
          </li>`,
      )}
    </ul>`;
}

/** A job: a form to start a build, and its builds. */
export function jobPage(job: Job, waiting: QueueItem[]): string {
  const { parameters, description } = job.config;
  const inputs = parameters.map(({ kind, name, description: text, choices, defaultValue }) => {
    const field: Html =
      kind === 'choice'
        ? html`<select name="${name}" id="p-${name}">
            ${(choices ?? []).map((choice) => html`<option>${choice}</option>`)}
          </select>`
        : kind === 'boolean'
          ? html`<input
              type="checkbox"
              name="${name}"
              id="p-${name}"
              value="true"
              ${defaultValue === true ? 'checked' : ''}
            />`
          : kind === 'text'
            ? html`<textarea name="${name}" id="p-${name}" rows="3">${defaultValue}</textarea>`
            : html`<input
                type="${kind === 'password' ? 'password' : 'text'}"
                name="${name}"
                id="p-${name}"
                value="${defaultValue}"
              />`;
    return html`<label for="p-${name}">${name}</label>
      <div>
        ${field}
        <p class="soft">${text}</p>
      </div>`;
  });
  const rows = job.history.slice(0, 50).map(
    ({ number, record }) =>
      html`<tr>
        <td><a href="${jobPath(job)}${number}/">${record.displayName}</a></td>
        <td>${badge(record.result, record.building)}</td>
        <td>${record.description}</td>
        <td class="soft">${time(record.timestamp)}</td>
        <td class="soft">${record.building ? '…' : duration(record.duration)}</td>
      </tr>`,
  );
  return layout(
    job.name,
    [{ text: job.name, href: jobPath(job) }],
    html`<h1>${job.name}</h1>
      <p>${description}</p>
      <details ${rows.length === 0 ? 'open' : ''}>
        <summary>${parameters.length > 0 ? 'Build with Parameters' : 'Build'}</summary>
        <form class="parameters" method="post" action="${jobPath(job)}start">
          ${inputs}<span></span><button>Build</button>
        </form>
      </details>
      <div id="queue" data-live>${queue(waiting)}</div>
      <h2>Builds</h2>
      <div id="builds" data-live>
        ${
          rows.length > 0
            ? html`<table>
                <thead>
                  <tr>
                    <th>Build</th>
                    <th>Result</th>
                    <th>What</th>
                    <th>Started</th>
                    <th>Took</th>
                  </tr>
                </thead>
                <tbody>
                  ${rows}
                </tbody>
              </table>`
            : html`<p class="soft">No build yet.</p>`
        }
      </div>`,
    'live.js',
  );
}
