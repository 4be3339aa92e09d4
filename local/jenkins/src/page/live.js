// Keeps the parts of a page that are marked as live up to date; forms stay as they are.
const pauseMs = 1500;
for (;;) {
  await new Promise((done) => setTimeout(done, pauseMs));
  if (document.hidden) continue;
  try {
    const answer = await fetch(location.href);
    if (!answer.ok) continue;
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
    for (const part of document.querySelectorAll('[data-live]')) {
      const next = fresh.getElementById(part.id);
      if (next && next.innerHTML !== part.innerHTML) part.innerHTML = next.innerHTML;
    }
  } catch {
    // The server is away for a moment; the page stays as it is.
  }
}
