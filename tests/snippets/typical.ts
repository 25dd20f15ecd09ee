interface Order { id: string; total: number; tags?: string[] }
type Summary = { count: number; sum: number; byTag: Record<string, number> };
const orders: Order[] = (input.orders ?? []) as Order[];
const byTag: Record<string, number> = {};
for (const order of orders) {
  for (const tag of order.tags ?? []) byTag[tag] = (byTag[tag] ?? 0) + 1;
}
const sum = orders.reduce((acc: number, { total }: Order): number => acc + total, 0);
const fetchAll = async <T,>(keys: string[], load: (key: string) => Promise<T>): Promise<T[]> =>
  Promise.all(keys.map((key) => load(key)));
const names = await fetchAll<string>(orders.map((it) => it.id), async (id) => `order ${id}`);
return { count: orders.length, sum, byTag, names } satisfies Summary & { names: string[] };
