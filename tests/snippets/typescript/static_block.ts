class Config { static values: Record<string, number> = {}; static { Config.values.a = 1; } static readonly b: number = Config.values.a + 1; }
return [Config.values, Config.b];
