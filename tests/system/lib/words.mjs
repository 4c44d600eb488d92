// Paths and field names of the API and of the configuration, once: when one changes, it changes here.

export const api = {
  events: '/api/v1/events',
  event: (id) => `/api/v1/events/${id}`,
  body: (id) => `/api/v1/events/${id}/body`,
  held: '/api/v1/held',
  release: (id) => `/api/v1/held/${id}/release`,
  refused: '/api/v1/refused',
  runs: '/api/v1/runs',
  runsOf: (event) => `/api/v1/runs?event=${event}`,
  run: (id) => `/api/v1/runs/${id}`,
  reload: '/api/v1/reload',
};

// Configuration: what tests turn down so that they need not wait.
export const limits = {
  requestTimeout: (text) => ({ limits: { request_timeout: text } }),
  idleTimeout: (text) => ({ limits: { idle_timeout: text } }),
  connections: (count) => ({ limits: { connections: count } }),
};

// A source's own answer to what was stored.
export const ownAnswer = (status, contentType, body) => ({ answer: { status, content_type: contentType, body } });

export const eventOf = (run) => run.event;
export const stepsOf = (run) => run.steps;
export const attemptsOf = (run) => run.attempts ?? [];
export const runIsOver = (run) => run.state !== 'running';
export const refusedReason = (refusal) => refusal.reason;
// A list: {"items": […], "next": cursor or null}; the next page is asked for with ?before=cursor.
export const itemsOf = (page) => page.items;
export const nextOf = (page) => page.next;
export const pageQuery = (cursor) => `before=${encodeURIComponent(cursor)}`;

export const uuid7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
