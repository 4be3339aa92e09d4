import type { Message } from '../src/dashboard/feed.js';

/** Follows the server, for ever: a stream that breaks is opened again, and then tells everything anew. */
export function follow(onMessage: (message: Message) => void, onBreak: () => void): void {
  let source: EventSource;
  let heardAt = performance.now();
  const open = (): void => {
    source = new EventSource('stream');
    source.onmessage = ({ data }: MessageEvent<string>) => {
      heardAt = performance.now();
      onMessage(JSON.parse(data) as Message);
    };
    source.onerror = () => {
      onBreak();
      // After an answer that is no stream, the browser does not try again by itself.
      if (source.readyState === EventSource.CLOSED) setTimeout(open, 2000);
    };
  };
  open();
  // A connection may be dead without anybody saying so: the server speaks every second.
  setInterval(() => {
    if (performance.now() - heardAt < 8000) return;
    heardAt = performance.now();
    onBreak();
    source.close();
    open();
  }, 1000);
}
