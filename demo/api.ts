export interface Answer<T> {
  status: number;
  body: T;
}

/** The program's API, as any other program uses it: JSON over HTTP with a key. */
export interface Api {
  get<T>(path: string): Promise<T>;
  /** @throws Error with the server's own words unless the answer is a success. */
  send<T>(method: 'POST' | 'PUT', path: string, body: object): Promise<T>;
  /** As `send`, for an answer that may be a refusal. */
  ask<T>(method: 'POST' | 'PUT', path: string, body: object): Promise<Answer<T>>;
}

const answerTimeoutMs = 30_000;

export function openApi(baseUrl: string, key: string): Api {
  const ask = async <T>(method: string, path: string, body?: object): Promise<Answer<T>> => {
    const response = await fetch(baseUrl + path, {
      method,
      headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(answerTimeoutMs),
    });
    const text = await response.text();
    return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as T };
  };
  const must = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const answer = await ask<T & { detail?: string }>(method, path, body);
    if (answer.status < 300) return answer.body;
    throw new Error(
      `${method} ${path} was answered ${answer.status}: ${answer.body.detail ?? 'without a word'}`,
    );
  };
  return {
    get: (path) => must('GET', path),
    send: must,
    ask,
  };
}
