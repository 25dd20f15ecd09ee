const raw: unknown = { n: 4 };
return (<{ n: number }>raw).n + <number>(<any>1);
