const routes = { home: "/", about: "/about" } satisfies Record<string, `/${string}`>;
return routes.about.toUpperCase();
