// What pages do beside what htmx does: regions that are live are loaded again
// when the ledger has moved, countdowns tick by the worker's clock, and keys.
(() => {
  'use strict';
  const EVERY = 2000; // ms between two loadings of a region, at least
  const root = document.documentElement;
  let clock = Date.parse(document.body.dataset.clock || '') || 0; // the worker's, when the page was made
  let since = performance.now();
  let moved = false;

  const now = () => clock + (performance.now() - since);

  function span(ms) {
    const minutes = Math.floor(Math.abs(ms) / 60000), seconds = Math.floor(Math.abs(ms) / 1000) % 60;
    const days = Math.floor(minutes / 1440), hours = Math.floor(minutes / 60) % 24;
    if (days > 0) return days + ' d ' + hours + ' h';
    if (hours > 0) return hours + ' h ' + (minutes % 60) + ' min';
    return minutes + ' min ' + seconds + ' s';
  }

  function tick() {
    if (!clock) return;
    for (const el of document.querySelectorAll('[data-deadline]')) {
      const left = Date.parse(el.dataset.deadline) - now();
      el.textContent = left >= 0 ? 'in ' + span(left) : span(left) + ' ago';
    }
  }

  function refresh() {
    if (!moved || document.hidden) return;
    const regions = [...document.querySelectorAll('[data-live]')].filter((r) => {
      const at = document.activeElement;
      return !(r.contains(at) && at.matches('input, select, textarea')); // somebody is writing
    });
    if (regions.length === 0) return;
    moved = false;
    for (const r of regions) htmx.trigger(r, 'moved');
  }

  function say(text) {
    const el = document.getElementById('stream');
    if (el && el.textContent !== text) el.textContent = text;
  }

  if (window.htmx) {
    htmx.createEventSource = (url) => {
      const source = new EventSource(url, { withCredentials: true });
      const heard = (e) => {
        moved = true;
        try {
          const at = Date.parse(JSON.parse(e.data).as_of);
          if (at > now()) { clock = at; since = performance.now(); }
        } catch { /* what it says is no news of the clock */ }
      };
      for (const name of ['ledger', 'sla']) source.addEventListener(name, heard);
      return source;
    };
    document.body.addEventListener('htmx:sseOpen', () => say('live'));
    document.body.addEventListener('htmx:sseError', () => say('not live: reload to see what is new'));
    // What is being worked out is asked for again.
    document.body.addEventListener('htmx:responseError', (e) => { if (e.detail.xhr.status === 503) moved = true; });
    const open = new Set();
    document.body.addEventListener('htmx:beforeSwap', (e) => {
      open.clear();
      for (const d of e.target.querySelectorAll('details[open][id]')) open.add(d.id);
    });
    document.body.addEventListener('htmx:afterSwap', () => {
      for (const id of open) document.getElementById(id)?.setAttribute('open', '');
      tick();
    });
    setInterval(refresh, EVERY);
  }
  setInterval(tick, 1000);
  tick();

  // A select that narrows a list does so at once; its button stays for the rest.
  for (const el of document.querySelectorAll('[data-submit]')) el.addEventListener('change', () => el.form.requestSubmit());

  const places = { o: '/', p: '/payees', s: '/sla', f: '/flags', k: '/parked', d: '/periods', w: '/what-if' };
  let g = 0;
  document.addEventListener('keydown', (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || e.target.closest('input, select, textarea')) return;
    if (e.key === '/') {
      e.preventDefault();
      document.getElementById('q')?.focus();
    } else if (e.key === '?') {
      const keys = document.getElementById('keys');
      if (keys) { keys.open = !keys.open; keys.querySelector('summary').focus(); }
    } else if (e.key === 'g') {
      g = performance.now();
      return;
    } else if (places[e.key] && performance.now() - g < 1500) {
      location.href = places[e.key];
    }
    g = 0;
  });
  root.classList.add('js');
})();
