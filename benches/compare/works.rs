//! The work that everybody is given: the same snippet, input and answer.

use serde_json::{Value, json};

/// One piece of work.
pub(crate) struct Work {
    pub(crate) name: &'static str,
    pub(crate) code: String,
    pub(crate) input: Value,
    pub(crate) expected: Value,
    pub(crate) rounds: usize,
}

pub(crate) fn greeting() -> Work {
    Work {
        name: "greeting",
        code: "return { greeting: `hi ${input.name}` };".to_owned(),
        input: json!({ "name": "Ada" }),
        expected: json!({ "greeting": "hi Ada" }),
        rounds: 2_000,
    }
}

/// Node finds the client, and with it the connections, of the last one.
pub(crate) const HEAD_BUCKET: &str = "const s3 = (globalThis.client ??= new AwsS3.S3Client({}));
    await s3.send(new AwsS3.HeadBucketCommand({ Bucket: 'bucket' }));";

pub(crate) fn works() -> Vec<Work> {
    let records: Vec<Value> = (0..10_000)
        .map(|n| json!({ "id": n, "group": n * 7919 % 97, "score": n * 31 % 1009 }))
        .collect();
    let items: Vec<Value> = (0..25_000)
        .map(|n| json!({ "id": n, "score": n % 1000, "name": format!("item {n}") }))
        .collect();
    let log: String = (0..16_000)
        .map(|n| {
            format!("2026-11-22T10:{:02}:{:02}Z level={} id={n}\n", n / 60 % 60, n % 60, n % 5)
        })
        .collect();
    vec![
        greeting(),
        Work {
            name: "12 typed lines",
            code: include_str!("../../tests/snippets/typical.ts").to_owned(),
            input: json!({ "orders": [
                { "id": "1", "total": 5, "tags": ["a", "b"] },
                { "id": "2", "total": 7, "tags": ["a"] },
            ] }),
            expected: json!({
                "count": 2,
                "sum": 12,
                "byTag": { "a": 2, "b": 1 },
                "names": ["order 1", "order 2"],
            }),
            rounds: 1_000,
        },
        Work {
            name: "200 typed lines",
            code: two_hundred_lines(),
            input: json!({}),
            expected: json!(1),
            rounds: 300,
        },
        Work {
            name: "1 MB of JSON, shaped",
            code: "return input.list.filter((it: { score: number }) => it.score > 500)
                .map(({ id, score }: { id: number; score: number }) => ({ id, half: score / 2 }))
                .length;"
                .to_owned(),
            input: json!({ "list": items }),
            expected: json!(12_475),
            rounds: 20,
        },
        Work {
            name: "regex over 1 MB of log",
            code: "let n = 0;
                for (const line of input.log.split('\\n')) if (/level=(3|4) id=\\d+$/.test(line)) n++;
                return n;"
                .to_owned(),
            input: json!({ "log": log }),
            expected: json!(6_400),
            rounds: 20,
        },
        Work {
            name: "sort and group 10,000",
            code: "const by = new Map<number, number>();
                const sorted = [...input.list].sort((a, b) => b.score - a.score || a.id - b.id);
                for (const it of sorted) by.set(it.group, (by.get(it.group) ?? 0) + it.score);
                return by.size;"
                .to_owned(),
            input: json!({ "list": records }),
            expected: json!(97),
            rounds: 20,
        },
        Work {
            name: "SHA-256 of 1 MB",
            code: "const bytes = new TextEncoder().encode('x'.repeat(1_000_000));
                const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
                return [...digest].map((it) => it.toString(16).padStart(2, '0')).join('');"
                .to_owned(),
            input: json!({}),
            expected: json!("1b977e9f84f1b26b6ed7f68b0498faee2385ea4125bd29adce4a7d9106ba3134"),
            rounds: 100,
        },
        Work {
            name: "AwsS3: HeadBucket",
            code: format!("{HEAD_BUCKET} return 1;"),
            input: json!({}),
            expected: json!(1),
            rounds: 100,
        },
        Work {
            name: "float loop, 1,000",
            code: "let x = 0.5; for (let i = 0; i < 1000; i++) x = x * 3.7 * (1 - x); return x > 0;"
                .to_owned(),
            input: json!({}),
            expected: json!(true),
            rounds: 500,
        },
        Work {
            name: "integer loop, 10 million",
            code: "let n = 0; for (let i = 0; i < 10_000_000; i++) n = (n + i) | 0; return n;"
                .to_owned(),
            input: json!({}),
            expected: json!(-2_014_260_032),
            rounds: 5,
        },
    ]
}

/// Types and functions, as in a small module.
fn two_hundred_lines() -> String {
    let mut res = String::new();
    for n in 0..66 {
        res.push_str(&format!(
            "interface T{n} {{ a: number; b: string; c?: T{n}[] }}\n\
             function f{n}(it: T{n}): number {{ return it.a + {n} + (it.c ?? [])\n\
             .map((x: T{n}): number => x.a).length; }}\n"
        ));
    }
    res.push_str("return f0({ a: 1, b: \"x\" });");
    res
}
