// Asks the JSON API of this server; the session's cookie goes along by itself.

const LOGIN = "/login";

/** What the API refuses: `status`, what it says, the mistakes of single fields, and when to ask again, if it says so. */
export class Problem extends Error {
  constructor(status, told, retryAfter) {
    super(told?.detail ?? `the server answered ${status}`);
    this.status = status;
    this.mistakes = told?.errors ?? [];
    this.retryAfterS = Number(retryAfter ?? 0);
  }
}

/** Send a request and give what its JSON answer holds, null where it has none. Throws Problem. */
export async function send(method, path, body, headers = {}) {
  const sent = body === undefined ? { method, headers } : {
    method,
    headers: { ...headers, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  };
  const answer = await fetch(path, sent);
  const isJson = (answer.headers.get("Content-Type") ?? "").includes("json");
  const told = isJson ? await answer.json() : null;
  if (answer.status === 401) logIn();
  if (!answer.ok) throw new Problem(answer.status, told, answer.headers.get("Retry-After"));
  return told;
}

/** Go to the login, and from there back to this page. */
export function logIn() {
  location.assign(`${LOGIN}?then=${encodeURIComponent(location.pathname + location.search)}`);
}
