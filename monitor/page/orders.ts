import type { OperatorOrder } from '../src/dashboard/orders.js';
import type { View } from '../src/dashboard/view.js';
import { byId } from './dom.js';
import { commit } from './format.js';

interface Operator {
  who: string;
  token: string;
}

const kept = 'coalmine-operator';
const titles: Record<OperatorOrder['kind'], string> = {
  abort: 'Abort the canary?',
  pause: 'Pause the rollout?',
  resume: 'Resume the rollout?',
  promote: 'Promote to production?',
  rollback: 'Roll production back?',
  silence: 'Silence this alert?',
};

/** The buttons: enabled when they make sense and the operator has unlocked them; each asks before it acts. */
export class OrderButtons {
  private operator = readOperator();
  private readonly login = byId<HTMLDialogElement>('login');
  private readonly confirm = byId<HTMLDialogElement>('confirm');
  private pending: OperatorOrder | null = null;

  constructor(private readonly view: () => View | null) {
    document.addEventListener('click', ({ target }) => {
      const button = target instanceof Element ? target.closest<HTMLElement>('[data-order]') : null;
      if (button) this.ask(button);
    });
    byId('unlock').addEventListener('click', () => this.toggle());
    for (const [id, dialog] of [
      ['login-no', this.login],
      ['confirm-no', this.confirm],
    ] as const) {
      byId(id).addEventListener('click', () => dialog.close());
    }
    this.login.querySelector('form')?.addEventListener('submit', (event) => this.unlock(event));
    this.confirm.querySelector('form')?.addEventListener('submit', (event) => void this.give(event));
  }

  /** Which buttons make sense now. */
  show(): void {
    const view = this.view();
    const unlock = byId('unlock');
    unlock.textContent = this.operator ? `${this.operator.who} ✕` : 'Operate';
    unlock.title = this.operator ? 'Lock the buttons again' : 'Unlock the buttons';
    unlock.setAttribute('aria-pressed', String(this.operator !== null));
    unlock.hidden = view !== null && !view.orders.token;
    const state = view?.rollout?.active ? view.rollout.state : null;
    const sensible: Record<string, boolean> = {
      pause: state === 'running',
      resume: state === 'paused' || state === 'held',
      promote: state === 'running' || state === 'paused' || state === 'held',
      abort: state !== null && state !== 'rolling-back',
      rollback: view?.orders.jenkins ?? false,
    };
    const pause = byId('pause');
    pause.dataset.order = sensible.resume ? 'resume' : 'pause';
    pause.textContent = sensible.resume ? 'Resume' : 'Pause';
    for (const button of document.querySelectorAll<HTMLButtonElement>('#rollout-buttons [data-order]')) {
      button.disabled = !(view?.orders.token && sensible[button.dataset.order ?? '']);
    }
  }

  private toggle(): void {
    if (!this.operator) return this.login.showModal();
    sessionStorage.removeItem(kept);
    this.operator = null;
    this.show();
  }

  private unlock(event: SubmitEvent): void {
    event.preventDefault();
    const given = new FormData(event.target as HTMLFormElement);
    this.operator = { who: String(given.get('who')).trim(), token: String(given.get('token')).trim() };
    sessionStorage.setItem(kept, JSON.stringify(this.operator));
    this.login.close();
    this.show();
    if (this.pending) this.open(this.pending);
  }

  private ask(button: HTMLElement): void {
    const { order = '', host = '', rule = '' } = button.dataset;
    const kind = order as OperatorOrder['kind'];
    const by = { who: '', why: '' };
    if (kind === 'silence') this.pending = { kind, host, rule, minutes: 60, ...by };
    else if (kind === 'rollback') this.pending = { kind, ...by };
    else this.pending = { kind, rollout: this.view()?.rollout?.id ?? '', ...by };
    if (this.operator) this.open(this.pending);
    else this.login.showModal();
  }

  private open(order: OperatorOrder): void {
    byId('t-confirm').textContent = titles[order.kind];
    byId('confirm-what').textContent = this.consequence(order);
    byId('confirm-minutes').hidden = order.kind !== 'silence';
    byId('confirm-error').textContent = '';
    byId('confirm-yes').className = ['abort', 'rollback', 'promote'].includes(order.kind) ? 'danger' : '';
    this.confirm.showModal();
    byId('confirm-no').focus(); // Enter alone does nothing
  }

  private consequence(order: OperatorOrder): string {
    const release = commit(this.view()?.rollout?.release);
    switch (order.kind) {
      case 'abort':
        return `All traffic goes to production at once, and ${release} is taken off the canary.`;
      case 'pause':
        return `${release} keeps its share of the traffic, and goes no further until it is resumed.`;
      case 'resume':
        return `${release} goes on with the step it was in, which begins anew.`;
      case 'promote':
        return `${release} goes to all of production now, without waiting for the rest of its steps.`;
      case 'rollback':
        return 'Production goes back to its release before this one, by a build in Jenkins.';
      case 'silence':
        return `No mail about ${order.rule} of ${order.host}. The proxy goes on obeying the alert.`;
    }
  }

  private async give(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (!this.pending || !this.operator) return;
    const given = new FormData(event.target as HTMLFormElement);
    const { who, token } = this.operator;
    const order = { ...this.pending, who, why: String(given.get('why')) };
    if (order.kind === 'silence') order.minutes = Number(given.get('minutes'));
    const yes = byId<HTMLButtonElement>('confirm-yes');
    yes.disabled = true;
    try {
      const response = await fetch('orders', {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(order),
      });
      const said = (await response.json()) as { done?: string; error?: string; wayOut?: string };
      if (!response.ok) {
        byId('confirm-error').textContent = [said.error, said.wayOut].filter(Boolean).join('. ');
        return;
      }
      this.pending = null;
      this.confirm.close();
      (event.target as HTMLFormElement).reset();
      tell(said.done ?? 'Done');
    } catch (error) {
      byId('confirm-error').textContent = `The dashboard does not answer: ${(error as Error).message}`;
    } finally {
      yes.disabled = false;
    }
  }
}

let toldFor: ReturnType<typeof setTimeout> | undefined;
function tell(text: string): void {
  const told = byId('told');
  told.textContent = text;
  told.classList.add('shown');
  clearTimeout(toldFor);
  toldFor = setTimeout(() => told.classList.remove('shown'), 6000);
}

function readOperator(): Operator | null {
  try {
    const { who, token } = JSON.parse(sessionStorage.getItem(kept) ?? '') as Operator;
    return who && token ? { who, token } : null;
  } catch {
    return null;
  }
}
