interface Row { team: string; score: number }
const rows: Row[] = [{ team: "a", score: 2 }, { team: "b", score: 5 }, { team: "a", score: 4 }];
const totals = rows.reduce<Record<string, number>>((acc, { team, score }) => ({ ...acc, [team]: (acc[team] ?? 0) + score }), {});
return Object.entries(totals).sort(([, x], [, y]) => y - x);
