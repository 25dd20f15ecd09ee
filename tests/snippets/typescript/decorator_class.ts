const seen: string[] = [];
function register(name: string) { return (target: Function) => { seen.push(`${name}:${target.name}`); }; }
@register("svc") class Service {}
return seen;
