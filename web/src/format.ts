/** A value for people: six significant digits, exponents only where needed. */
export function formatValue(v: number | string | boolean | null): string {
  if (v === null) return "–";
  if (typeof v === "boolean") return v ? "on" : "off";
  if (typeof v === "string") return v;
  if (v === 0) return "0";
  const size = Math.abs(v);
  if (size >= 1e7 || size < 1e-4) return v.toExponential(4);
  return String(Number(v.toPrecision(6)));
}

const steps: [number, string][] = [
  [365.25 * 86400, "y"],
  [86400, "d"],
  [3600, "h"],
  [60, "min"],
];

/** An age in seconds, in its largest unit. */
export function formatAge(seconds: number): string {
  const s = Math.max(0, seconds);
  for (const [size, unit] of steps) {
    if (s >= size) return `${(s / size).toFixed(s / size < 10 ? 1 : 0)} ${unit}`;
  }
  return s < 10 ? `${s.toFixed(1)} s` : `${s.toFixed(0)} s`;
}

export function formatTime(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString().replace("T", " ").slice(0, 19) + " UTC";
}

/** Units as they are printed: "Ohm" as its sign, nothing for none. */
export function formatUnits(units: string | null): string {
  return units === null ? "" : units.replace(/^ohms?$/i, "Ω").replace(/^deg$/, "°").replace(/^C$/, "°C");
}
