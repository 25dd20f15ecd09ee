//# ISO and epoch
const d = new Date("2024-02-29T12:34:56.789Z");
return [d.toISOString(), d.getTime(), d.toJSON(), +d, d.valueOf(), Date.parse("2024-02-29")];
//# UTC parts
const d = new Date(Date.UTC(2023, 11, 31, 23, 59, 58, 7));
return [d.getUTCFullYear(), d.getUTCMonth(), d.getUTCDate(), d.getUTCDay(), d.getUTCHours(), d.getUTCMinutes(), d.getUTCSeconds(), d.getUTCMilliseconds()];
//# local parts are UTC here
const d = new Date(2024, 0, 31, 10, 20);
return [d.toISOString(), d.getTimezoneOffset(), d.getHours(), d.getDay()];
//# date strings
const d = new Date(Date.UTC(2024, 6, 4, 5, 6, 7));
return [d.toUTCString(), d.toISOString().slice(0, 10), d.toDateString()];
//# parsing formats
return ["2024-01-15", "2024-01-15T10:00", "2024-01-15T10:00:00+02:00", "Mon, 15 Jan 2024 10:00:00 GMT", "Jan 15, 2024", "2024/01/15", "15 January 2024 10:00 UTC", "2024-13-01", "garbage", "2024-01-15T10:00:00.123456Z"].map((s) => { const t = Date.parse(s); return Number.isNaN(t) ? null : new Date(t).toISOString(); });
//# month overflow rolls over
return [new Date(Date.UTC(2024, 0, 31 + 1)).toISOString(), new Date(Date.UTC(2023, 1, 29)).toISOString(), new Date(Date.UTC(2024, 12, 1)).toISOString(), new Date(Date.UTC(2024, 0, 0)).toISOString()];
//# last day of each month
return Array.from({ length: 12 }, (_, m) => new Date(Date.UTC(2024, m + 1, 0)).getUTCDate());
//# add days and months
const d = new Date("2024-01-31T00:00:00Z");
const plusDays = new Date(d); plusDays.setUTCDate(d.getUTCDate() + 30);
const plusMonth = new Date(d); plusMonth.setUTCMonth(d.getUTCMonth() + 1);
return [plusDays, plusMonth].map((x) => x.toISOString());
//# difference in days
const days = (a: string, b: string) => Math.round((Date.parse(b) - Date.parse(a)) / 864e5);
return [days("2024-02-28", "2024-03-01"), days("2023-02-28", "2023-03-01"), days("2024-12-25", "2024-01-01")];
//# week number (ISO)
const week = (s: string) => { const d = new Date(s + "T00:00:00Z"); d.setUTCDate(d.getUTCDate() + 4 - (d.getUTCDay() || 7)); const y = Date.UTC(d.getUTCFullYear(), 0, 1); return Math.ceil(((+d - y) / 864e5 + 1) / 7); };
return ["2024-01-01", "2024-12-30", "2021-01-03", "2020-12-31"].map(week);
//# group timestamps by day
const ts = ["2024-05-01T23:59:59Z", "2024-05-02T00:00:00Z", "2024-05-02T10:00:00Z"];
return ts.reduce<Record<string, number>>((a, t) => { const k = new Date(t).toISOString().split("T")[0]; a[k] = (a[k] || 0) + 1; return a; }, {});
//# range of dates
const out: string[] = [];
for (let d = new Date("2024-02-27"); d <= new Date("2024-03-02"); d.setDate(d.getDate() + 1)) out.push(d.toISOString().slice(5, 10));
return out;
//# invalid dates
const d = new Date("nope");
let thrown = "";
try { d.toISOString(); } catch (e) { thrown = (e as Error).name; }
return [String(d), d.getTime(), thrown, isNaN(d as any), d.toJSON()].map(String);
//# age on a day
const age = (b: string, on: string) => { const x = new Date(b), y = new Date(on); let a = y.getUTCFullYear() - x.getUTCFullYear(); if (y.getUTCMonth() < x.getUTCMonth() || (y.getUTCMonth() === x.getUTCMonth() && y.getUTCDate() < x.getUTCDate())) a--; return a; };
return [age("1990-06-15", "2024-06-14"), age("1990-06-15", "2024-06-15")];
//# extremes of time
return [new Date(8.64e15).toISOString(), new Date(-1).toISOString(), new Date(Date.UTC(-1, 0)).toISOString(), new Date(8.64e15 + 1).getTime(), new Date(Date.UTC(99, 0)).getUTCFullYear()].map(String);
//# dates compare and sort
const list = ["2024-03-01", "2023-01-01", "2024-01-15"].map((s) => new Date(s));
return [list.sort((a, b) => +a - +b).map((d) => d.toISOString().slice(0, 7)), list[0] < list[1], new Date(0) === new Date(0)];
//# Date.now is near performance.timeOrigin + now
return Math.abs(Date.now() - (performance.timeOrigin + performance.now())) < 1000;
//# date from parts in a string
const [, y, m, d] = /(\d{4})-(\d\d)-(\d\d)/.exec("on 2024-07-09!")!;
return new Date(Date.UTC(+y, +m - 1, +d)).toUTCString();
//# setters chain through
const d = new Date(0);
d.setUTCFullYear(2000, 1, 29); d.setUTCHours(25, 61, 61, 1001);
return d.toISOString();
//# business days
let n = 0;
for (let t = Date.UTC(2024, 8, 1); t < Date.UTC(2024, 9, 1); t += 864e5) { const w = new Date(t).getUTCDay(); if (w && w < 6) n++; }
return n;
//# relative time by hand
const rel = (s: number) => { const units: [string, number][] = [["day", 86400], ["hour", 3600], ["minute", 60]]; for (const [u, n] of units) if (Math.abs(s) >= n) return `${Math.trunc(s / n)} ${u}${Math.abs(Math.trunc(s / n)) === 1 ? "" : "s"}`; return "now"; };
return [rel(90), rel(-7200), rel(200000), rel(5)];
//# unix seconds
return [Math.floor(Date.parse("2001-09-09T01:46:40Z") / 1000), new Date(1700000000 * 1000).toISOString()];
//# Symbol.toPrimitive of Date
const d = new Date(5);
return [d[Symbol.toPrimitive]("number"), (d as any) - 1, typeof (d as any + 1), `${new Date(NaN)}`];
