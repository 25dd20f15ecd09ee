//! What a run ended with → plain data. The engine has said its part as JSON text
//! by then; nothing here talks to it.

use serde::Deserialize;

use super::{LogLine, RunError, Thrown, stack};

/// What the engine's RangeError says when its stack is used up (quickjs.c,
/// `JS_ThrowStackOverflow`).
const STACK_OVERFLOW: &str = "Maximum call stack size exceeded";

/// What the prelude's `describe` says about a thrown value.
#[derive(Deserialize)]
struct Described {
    name: Option<String>,
    message: String,
    stack: Option<String>,
}

/// Reads the prelude's description of what was thrown.
pub(crate) fn thrown(described: &str) -> Thrown {
    match serde_json::from_str(described) {
        Ok(Described { name, message, stack }) => {
            let position = stack.as_deref().and_then(stack::first_position);
            Thrown { name, message, stack, position, hint: None }
        }
        // `describe` itself could not run, or was cut short.
        Err(_) => Thrown {
            message: "something was thrown that could not be described".to_owned(),
            ..Thrown::default()
        },
    }
}

/// The error of a run that ended by what it threw.
pub(crate) fn error_of(described: &str, refused_memory: Option<usize>) -> RunError {
    let mut thrown = thrown(described);
    let is_range_error = thrown.name.as_deref() == Some("RangeError");
    if is_range_error && thrown.message == STACK_OVERFLOW {
        return RunError::StackOverflow(thrown);
    }
    if let Some(limit_bytes) = refused_memory {
        // A full heap surfaces as a thrown null, or as one of these.
        let is_null = thrown.name.is_none() && thrown.message == "null";
        let told = matches!(thrown.name.as_deref(), Some("InternalError" | "RangeError"));
        if is_null || told || described.is_empty() {
            return RunError::OutOfMemory { limit_bytes };
        }
        thrown.hint = Some(format!(
            "one allocation was refused because it is larger than the whole memory limit of {} MiB",
            limit_bytes >> 20
        ));
    }
    RunError::Thrown(thrown)
}

/// The engine's compiler refused a program that the transpiler let through.
pub(crate) fn syntax_error(described: &str) -> RunError {
    let thrown = thrown(described);
    RunError::Syntax { message: thrown.message, position: thrown.position }
}

/// Rejections that nobody handled, as lines of the log.
pub(crate) fn leftovers(json: &str) -> Vec<LogLine> {
    let texts: Vec<String> = serde_json::from_str(json).unwrap_or_default();
    texts.into_iter().map(|text| LogLine { level: super::Level::Kernel, text }).collect()
}
