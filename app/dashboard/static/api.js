// Asks the JSON API of this server; the session's cookie goes along by itself.

const LOGIN = "/login";

/** What the API refuses: `status`, what it says, and the mistakes of single fields. */
export class Problem extends Error {
  constructor(status, told) {
    super(told?.detail ?? `the server answered ${status}`);
    this.status = status;
    this.mistakes = told?.errors ?? [];
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
  if (!answer.ok) throw new Problem(answer.status, told);
  return told;
}

/** Go to the login, and from there back to this page. */
export function logIn() {
  location.assign(`${LOGIN}?then=${encodeURIComponent(location.pathname + location.search)}`);
}
