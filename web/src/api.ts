/** What the bridge answers; addresses are relative to the page, which lies at <bridge>/live/. */

export type Value = number | string | boolean | null;

export interface Field {
  name: string;
  target: string;
  description: string | null;
  units: string | null;
  type: string;
  interval: number | null;
}

export interface Node {
  name: string;
  description: string;
  error: string | null;
  fields: Field[];
}

export interface Series {
  target: string;
  datapoints: [Value, number][];
}

export interface Latest {
  now: number;
  values: Record<string, [Value, number]>;
}

async function request<T>(path: string, timeLimitMs: number, body?: unknown): Promise<T> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), timeLimitMs);
  try {
    const answer = await fetch(`../${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
      signal: stop.signal,
      cache: "no-store",
    });
    if (!answer.ok) {
      const told = (await answer.json().catch(() => null)) as { message?: string } | null;
      throw new Error(told?.message ?? `status ${answer.status}`);
    }
    return (await answer.json()) as T;
  } catch (e) {
    if (stop.signal.aborted) throw new Error("no answer in time");
    if (e instanceof TypeError) throw new Error("the bridge cannot be reached");
    throw e;
  } finally {
    clearTimeout(timer);
  }
}

export const fetchFields = (): Promise<{ now: number; nodes: Node[] }> => request("api/fields", 15000);
export const fetchLatest = (): Promise<Latest> => request("api/latest", 6000);
export const fetchSeries = (targets: string[], fromMs: number, toMs: number, points: number): Promise<Series[]> =>
  request("query", 15000, {
    range: { from: Math.floor(fromMs), to: Math.ceil(toMs) },
    maxDataPoints: points,
    targets: targets.map((target) => ({ target, type: "timeserie" })),
  });
