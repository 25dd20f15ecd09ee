//! Many requests on one connection, cancelling, going away, and the greeting.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::Shutdown,
    sync::{
        Arc, Barrier,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    harness::{TestKernel, failed, needs_sockets, normalised, ok, with_id},
    s3::server::misbehaving_server,
};

const ENDLESS: &str = "for (;;) {}";

fn cancelled() -> Value {
    failed(&json!({ "kind": "cancelled", "message": "cancelled by the client" }))
}

fn timed_out(ms: u64) -> Value {
    failed(&json!({
        "kind": "timeout",
        "message": format!("stopped after {ms} ms"),
        "hint": "do less, or ask for more time: `--timeout <ms>` of run-code, `timeoutMs` of a request",
    }))
}

#[test]
fn the_greeting_of_the_readme() {
    needs_sockets!();
    TestKernel::start(1).check(
        r#"{"id":"7","code":"return { greeting: `hi ${input.name}` };","input":{"name":"Ada"},"timeoutMs":5000}"#,
        &with_id(&json!("7"), ok(&json!({ "greeting": "hi Ada" }))),
    );
}

#[test]
fn what_is_printed_and_thrown_comes_back() {
    needs_sockets!();
    let kernel = TestKernel::start(1);
    let line = r#"{"code":"console.warn('w', 1);\nthrow new TypeError('no');"}"#;
    let answer = normalised(&kernel.client().exchange(line).unwrap());
    assert_eq!(answer["logs"], json!([{ "level": "warn", "text": "w 1" }]), "{answer:#}");
    let error = &answer["error"];
    assert_eq!(
        (&error["kind"], &error["name"], &error["message"], &error["line"]),
        (&json!("thrown"), &json!("TypeError"), &json!("no"), &json!(2)),
        "{answer:#}"
    );
}

#[test]
fn endless_loop_is_stopped_and_its_worker_serves_the_next_request() {
    needs_sockets!();
    let kernel = TestKernel::start(1);
    kernel.check(&format!(r#"{{"code":"{ENDLESS}","timeoutMs":50}}"#), &timed_out(50));
    kernel.check_serves();
}

#[test]
fn answers_come_as_they_finish() {
    needs_sockets!();
    let kernel = TestKernel::start(2);
    let mut client = kernel.client();
    client.send(&format!(r#"{{"id":1,"code":"{ENDLESS}","timeoutMs":200}}"#)).unwrap();
    client.send(r#"{"id":2,"code":"return input"}"#).unwrap();
    let answers = [client.receive().unwrap(), client.receive().unwrap()];
    assert_eq!(
        answers.map(|it| normalised(&it)),
        [with_id(&json!(2), ok(&json!({}))), with_id(&json!(1), timed_out(200))]
    );
}

#[test]
fn a_request_can_be_cancelled_by_its_id() {
    needs_sockets!();
    let kernel = TestKernel::start(1);
    let mut client = kernel.client();
    client.send(&format!(r#"{{"id":"a","code":"{ENDLESS}"}}"#)).unwrap();
    kernel.wait_for_running(1);
    // Ids belong to a connection: another one's cancel finds nothing.
    kernel.check(
        r#"{"op":"cancel","id":"a"}"#,
        &json!({ "id": "a", "op": "cancel", "ok": true, "cancelled": false }),
    );
    let start = Instant::now();
    client.send(r#"{"op":"cancel","id":"a"}"#).unwrap();
    let mut answers =
        [client.receive().unwrap(), client.receive().unwrap()].map(|it| normalised(&it));
    // Which of the two is first is a race.
    answers.sort_by_key(|it| it["ok"] == json!(true));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert_eq!(
        answers,
        [
            with_id(&json!("a"), cancelled()),
            json!({ "id": "a", "op": "cancel", "ok": true, "cancelled": true })
        ]
    );
    kernel.check_serves();
}

#[test]
fn a_cancel_reaches_a_run_wherever_it_is() {
    needs_sockets!();
    let kernel = TestKernel::start(1);
    let acknowledged =
        |id: &str| json!({ "id": id, "op": "cancel", "ok": true, "cancelled": true });
    let check = |code: &str, has_one_behind: bool| {
        let mut client = kernel.client();
        client.send(&json!({ "id": "a", "code": code }).to_string()).unwrap();
        kernel.wait_for_running(1);
        let mut expected = vec![with_id(&json!("a"), cancelled())];
        if has_one_behind {
            client.send(r#"{"id":"b","code":"return 1"}"#).unwrap();
            client.send(r#"{"op":"cancel","id":"b"}"#).unwrap();
            expected.extend([with_id(&json!("b"), cancelled()), acknowledged("b")]);
        }
        client.send(r#"{"op":"cancel","id":"a"}"#).unwrap();
        expected.push(acknowledged("a"));
        let mut answers: Vec<_> =
            expected.iter().map(|_| normalised(&client.receive().unwrap())).collect();
        // The timer of the one that waits is counted there; not what this is about.
        answers.iter_mut().filter(|it| it["op"].is_null()).for_each(|it| it["usage"] = json!("…"));
        for list in [&mut answers, &mut expected] {
            list.sort_by_key(|it| (it["op"].is_string(), it["id"].to_string()));
        }
        assert_eq!(answers, expected, "{code}");
        kernel.check_serves();
    };
    // In the interpreter, in a builtin that never looks up, and in a `catch` that
    // swallows whatever comes; another request is behind it in the queue.
    check("for (;;) {}", true);
    check("return new Array(1e9) + ''", true);
    check("for (;;) try { for (;;) {} } catch {}", true);
    // Waiting: its worker would serve the other one at once.
    check("await new Promise((resolve) => setTimeout(resolve, 1e9))", false);
}

#[test]
fn an_id_in_flight_is_taken() {
    needs_sockets!();
    let kernel = TestKernel::start(1);
    let mut client = kernel.client();
    client.send(&format!(r#"{{"id":"a","code":"{ENDLESS}","timeoutMs":200}}"#)).unwrap();
    let second = client.exchange(r#"{"id":"a","code":"return 1"}"#).unwrap();
    let taken = failed(&json!({
        "kind": "bad_request",
        "message": "id \"a\" is already in flight",
        "hint": "an id may be used again once its answer is there",
    }));
    assert_eq!(normalised(&second), with_id(&json!("a"), taken));
    assert_eq!(normalised(&client.receive().unwrap()), with_id(&json!("a"), timed_out(200)));
    let third = client.exchange(r#"{"id":"a","code":"return input"}"#).unwrap();
    assert_eq!(normalised(&third), with_id(&json!("a"), ok(&json!({}))));
}

#[test]
fn a_client_that_goes_away_cancels_what_it_had() {
    needs_sockets!();
    let kernel = TestKernel::start(1);
    let mut stream = kernel.raw();
    stream.write_all(format!("{{\"code\":\"{ENDLESS}\"}}\n").as_bytes()).unwrap();
    kernel.wait_for_running(1);
    drop(stream);
    kernel.wait_for_running(0);
    kernel.check_serves();
}

#[test]
fn a_half_close_waits_for_its_answers_and_a_full_one_does_not() {
    needs_sockets!();
    let kernel = TestKernel::start(1);
    let request = |ms| format!("{{\"code\":\"{ENDLESS}\",\"timeoutMs\":{ms}}}\n");
    kernel.check_bytes(request(100).as_bytes(), &[timed_out(100)]);

    let mut stream = kernel.raw();
    stream.write_all(request(10_000).as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    kernel.wait_for_running(1);
    drop(stream);
    kernel.wait_for_running(0);
    kernel.check_serves();
}

#[test]
fn the_last_line_needs_no_line_end() {
    needs_sockets!();
    TestKernel::start(1).check_bytes(br#"{"code":"return input"}"#, &[ok(&json!({}))]);
}

#[test]
fn beyond_the_queue_a_request_is_refused_at_once() {
    needs_sockets!();
    let kernel = TestKernel::start_with(|it| it.queue_len = 1);
    let mut client = kernel.client();
    client.send(&format!(r#"{{"id":1,"code":"{ENDLESS}"}}"#)).unwrap();
    kernel.wait_for_running(1);
    client.send(&format!(r#"{{"id":2,"code":"{ENDLESS}"}}"#)).unwrap();
    let busy = failed(&json!({
        "kind": "busy",
        "message": "every worker is occupied and the queue is full",
        "hint": "nothing has run; try again after a pause",
    }));
    let refused = client.exchange(r#"{"id":3,"code":"return 1"}"#).unwrap();
    assert_eq!(normalised(&refused), with_id(&json!(3), busy));
    drop(client);
    kernel.wait_for_running(0);
    kernel.check_serves();
}

#[test]
fn a_connection_beyond_its_share_is_not_read_and_loses_nothing() {
    needs_sockets!();
    let kernel = TestKernel::start_with(|it| it.n_in_flight = 2);
    let stream = kernel.raw();
    let mut writer = stream.try_clone().unwrap();
    let writing = std::thread::spawn(move || {
        for id in 0..500 {
            writeln!(writer, r#"{{"id":{id},"code":"return input","input":{id}}}"#).unwrap();
        }
        writer.shutdown(Shutdown::Write).unwrap();
    });
    let mut ids: Vec<u64> = BufReader::new(stream)
        .lines()
        .map(|line| normalised(&line.unwrap()))
        .inspect(|answer| assert_eq!(*answer, with_id(&answer["id"], ok(&answer["id"]))))
        .map(|answer| answer["id"].as_u64().unwrap())
        .collect();
    writing.join().unwrap();
    ids.sort_unstable();
    assert_eq!(ids, (0..500).collect::<Vec<_>>());
}

#[test]
fn requests_of_all_connections_have_one_bound() {
    needs_sockets!();
    let kernel = TestKernel::start_with(|it| it.n_requests = 2);
    let mut holders = [kernel.client(), kernel.client()];
    for holder in &mut holders {
        holder.send(r#"{"id":1,"code":"await new Promise((go) => setTimeout(go, 1e6))"}"#).unwrap();
    }
    kernel.wait_for_running(2);
    let line = r#"{"id":3,"code":"return 1"}"#;
    let busy = with_id(
        &json!(3),
        failed(&json!({
            "kind": "busy",
            "message": "2 requests are in flight, which is the limit",
            "hint": "nothing has run; try again after a pause, or raise `--max-requests` of the kernel",
        })),
    );
    kernel.check(line, &busy);
    holders[0].send(r#"{"id":1,"op":"cancel"}"#).unwrap();
    // Its place is free once its answer is gone.
    let served = with_id(&json!(3), ok(&json!(1)));
    while normalised(&kernel.client().exchange(line).unwrap()) != served {
        kernel.wait_for_running(1);
    }
    drop(holders);
    kernel.wait_for_running(0);
    kernel.check_serves();
}

#[test]
fn calls_of_a_run_wait_their_turn_and_what_they_move_is_bounded() {
    needs_sockets!();
    let (open, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counted, pair) = (Arc::clone(&most), Arc::new(Barrier::new(2)));
    let addr = misbehaving_server(move |head, mut socket| {
        let n_bytes = if head.starts_with("GET /big ") { 2 << 20 } else { 1_000 };
        if n_bytes == 1_000 {
            counted.fetch_max(open.fetch_add(1, Relaxed) + 1, Relaxed);
            // Two may come at a time, so two do; a third would come while these take
            // their time.
            pair.wait();
            std::thread::sleep(Duration::from_millis(20));
            open.fetch_sub(1, Relaxed);
        }
        let body = "x".repeat(n_bytes);
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {n_bytes}\r\nconnection: close");
        let _ = write!(socket, "{head}\r\n\r\n{body}");
    });
    let kernel = TestKernel::start_with(|it| {
        it.allow_net.push(addr.to_string().parse().unwrap());
        it.n_calls = 2;
        it.received_bytes = 1 << 20;
        it.sent_bytes = 1 << 20;
    });
    let code = "
        const size = async () => (await (await fetch(input)).text()).length;
        const told = async (call) => { try { return await call(); } catch (e) { return `${e}: ${e.cause}`; } };
        return [
            await Promise.all(Array.from({ length: 10 }, size)),
            await told(() => fetch(input, { method: 'POST', body: 'x'.repeat(2 << 20) })),
            await told(async () => (await fetch(`${input}big`)).text()),
        ];";
    let line = json!({ "code": code, "input": format!("http://{addr}/") }).to_string();
    let answer = normalised(&kernel.client().exchange(&line).unwrap());
    let expected = json!([
        vec![1_000; 10],
        "TypeError: fetch failed: the run has sent more than 1 MiB: QuotaExceededError: the run has sent more than 1 MiB",
        "TypeError: terminated: QuotaExceededError: the run has received more than 1 MiB",
    ]);
    assert_eq!(answer["result"], expected, "{answer:#}");
    assert_eq!(most.load(Relaxed), 2);
    kernel.check_serves();
}

#[test]
fn connections_beyond_the_limit_are_told_so() {
    needs_sockets!();
    let kernel = TestKernel::start_with(|it| it.n_connections = 1);
    let mut first = kernel.client();
    first.exchange(r#"{"op":"ping"}"#).unwrap();
    let mut second = kernel.raw();
    let mut answer = String::new();
    second.read_to_string(&mut answer).unwrap();
    let busy = failed(&json!({
        "kind": "busy",
        "message": "1 connections are open, which is the limit",
        "hint": "nothing has run; try again after a pause",
    }));
    assert_eq!(normalised(&answer), busy);
}

#[test]
fn a_client_that_never_reads_is_dropped() {
    needs_sockets!();
    let kernel = TestKernel::start_with(|it| it.unread_bytes = 1 << 20);
    let mut stream = kernel.raw();
    let line = format!("{{\"code\":\"return input\",\"input\":\"{}\"}}\n", "x".repeat(256 << 10));
    // Its writes fail in the end: the kernel has hung up.
    let failure = (0..200).find_map(|_| stream.write_all(line.as_bytes()).err());
    assert!(failure.is_some(), "the kernel took everything");
    kernel.check_serves();
}

#[test]
fn ten_mebibytes_cross_both_ways() {
    needs_sockets!();
    let kernel = TestKernel::start(1);
    let input = json!("x".repeat(10 << 20));
    kernel.check(&format!(r#"{{"code":"return input","input":{input}}}"#), &ok(&input));
}

/// Says the greeting until workers have seen that this client comes back at once.
fn hurry(client: &mut llm_kernel::client::Client) {
    for _ in 0..50 {
        let answer = client.exchange(r#"{"code":"return input"}"#).unwrap();
        assert_eq!(normalised(&answer), ok(&json!({})));
    }
}

#[test]
fn a_client_that_comes_back_at_once_is_still_heard_while_its_run_lasts() {
    needs_sockets!();
    let kernel = TestKernel::start(2);
    let mut client = kernel.client();
    hurry(&mut client);
    client.send(&format!(r#"{{"id":1,"code":"{ENDLESS}","timeoutMs":60000}}"#)).unwrap();
    let answer = client.exchange(r#"{"id":2,"op":"ping"}"#).unwrap();
    assert!(answer.starts_with(r#"{"id":2,"op":"ping","ok":true"#), "{answer}");
    client.send(r#"{"op":"cancel","id":1}"#).unwrap();
    let mut answers =
        [client.receive().unwrap(), client.receive().unwrap()].map(|it| normalised(&it));
    answers.sort_by_key(|it| it.get("op").is_none());
    let cancel = json!({ "id": 1, "op": "cancel", "ok": true, "cancelled": true });
    assert_eq!(answers, [cancel, with_id(&json!(1), cancelled())]);
    // Going away is noticed, too.
    hurry(&mut client);
    client.send(&format!(r#"{{"id":1,"code":"{ENDLESS}","timeoutMs":60000}}"#)).unwrap();
    drop(client);
    let mut other = kernel.client();
    let n_cancelled = |stats: &str| {
        let stats: Value = serde_json::from_str(stats).unwrap();
        stats["stats"]["answers"]["cancelled"].as_u64()
    };
    while n_cancelled(&other.exchange(r#"{"op":"stats"}"#).unwrap()) != Some(2) {
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_client_that_comes_back_at_once_is_heard_while_its_worker_waits_for_another_run() {
    needs_sockets!();
    let kernel = TestKernel::start(1);
    let (mut waiting, mut quick) = (kernel.client(), kernel.client());
    waiting.send(r#"{"id":1,"code":"await new Promise((it) => setTimeout(it, 60000))"}"#).unwrap();
    hurry(&mut quick);
    waiting.send(r#"{"op":"cancel","id":1}"#).unwrap();
    let mut errors = [waiting.receive().unwrap(), waiting.receive().unwrap()]
        .map(|it| normalised(&it)["error"].clone());
    errors.sort_by_key(Value::is_object);
    assert_eq!(errors, [Value::Null, cancelled()["error"].clone()]);
}

/// Workers and the connection's task take turns at reading: at every instant of that,
/// with lines in one piece, in several, and several in one.
#[test]
fn whoever_reads_every_line_is_answered_once() {
    needs_sockets!();
    let kernel = TestKernel::start(2);
    let mut stream = kernel.raw();
    let mut answers = BufReader::new(stream.try_clone().unwrap());
    // A linear congruential generator: the same instants in every run.
    let mut state = 1_u64;
    let mut draw = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) % below
    };
    for round in 0..1_500 {
        let n_lines = 1 + draw(4) / 3 + draw(8) / 7;
        let mut text = String::new();
        let mut expected = Vec::new();
        for n in 0..n_lines {
            let id = round * 10 + n;
            if draw(8) == 0 {
                text.push_str(&format!("{{\"id\":{id},\"op\":\"ping\"}}\n"));
                expected.push((id, Value::Null));
            } else {
                text.push_str(&format!("{{\"id\":{id},\"code\":\"return {id}\"}}\n"));
                expected.push((id, json!(id)));
            }
        }
        let cut = if draw(4) == 0 { draw(text.len() as u64) as usize } else { 0 };
        let pause = Duration::from_micros(draw(300));
        stream.write_all(&text.as_bytes()[..cut]).unwrap();
        if cut > 0 {
            std::thread::sleep(pause);
        }
        stream.write_all(&text.as_bytes()[cut..]).unwrap();
        let mut came: Vec<(u64, Value)> = (0..n_lines)
            .map(|_| {
                let mut line = String::new();
                answers.read_line(&mut line).unwrap();
                let answer: Value = serde_json::from_str(&line).unwrap();
                (answer["id"].as_u64().unwrap(), answer["result"].clone())
            })
            .collect();
        came.sort_by_key(|(id, _)| *id);
        assert_eq!(came, expected);
        if draw(3) == 0 {
            std::thread::sleep(pause);
        }
    }
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(answers.read_line(&mut String::new()).unwrap(), 0);
}
