const m = "2024-05-01 and 2025-06-02".matchAll(/(?<y>\d{4})-(?<m>\d\d)/g);
return [...m].map((it) => `${it.groups!.y}/${it.groups!.m}`);
