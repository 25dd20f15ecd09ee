//! What the process may still do once it serves: as little as the system can be
//! told to enforce.
//!
//! [`apply`] is called once, after the endpoint is taken and before the first
//! thread starts, so that every thread inherits it. There is no way back. What a
//! system cannot enforce is reported, and the kernel serves all the same. This
//! module does not know what the process serves.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

/// What the process goes on needing.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    /// Files and folders that are read.
    pub reads: Vec<PathBuf>,
    /// Folders in which files are removed.
    pub removes: Vec<PathBuf>,
    /// Who beside this process keeps more, in words for `stats`.
    pub exceptions: Vec<&'static str>,
}

/// What is enforced; a member of the answer to `stats`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Report {
    /// Files, TCP ports, signals to others.
    pub landlock: Enforced,
    /// System calls.
    pub seccomp: Enforced,
    pub exceptions: Vec<&'static str>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Enforced {
    Full,
    /// This system knows some of the rules.
    Partial,
    /// This system does not do it, or does not let us.
    No,
}

impl Enforced {
    pub fn as_str(self) -> &'static str {
        match self {
            Enforced::Full => "full",
            Enforced::Partial => "partial",
            Enforced::No => "no",
        }
    }
}

impl Report {
    pub fn is_full(&self) -> bool {
        (self.landlock, self.seccomp) == (Enforced::Full, Enforced::Full)
    }

    /// An object; as text, JSON.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "landlock": self.landlock.as_str(),
            "seccomp": self.seccomp.as_str(),
            "exceptions": self.exceptions,
        })
    }
}

/// Gives up everything that is not in `needs`, for every thread to come.
pub fn apply(needs: &Needs) -> Report {
    crate::isolate::keep_pagemap();
    imp::limit_resources();
    // Landlock first: the filter of system calls knows none of Landlock's.
    let landlock = imp::confine_paths(needs).unwrap_or(Enforced::No);
    let seccomp = match imp::filter_system_calls() {
        Ok(()) => Enforced::Full,
        Err(_refused) => Enforced::No,
    };
    Report { landlock, seccomp, exceptions: needs.exceptions.clone() }
}

/// What name resolution, certificates, time zones and AWS credentials read.
///
/// Files are replaced, not rewritten, by those who keep them, and a rule for a
/// file does not cover its successor: hence folders, wherever that opens no more
/// than it must.
pub fn readable(variable: impl Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let path_of = |name| variable(name).map(PathBuf::from).filter(|it| it.is_absolute());
    let home = path_of("HOME");
    let mut res: Vec<PathBuf> = SYSTEM_READS.iter().map(PathBuf::from).collect();
    res.extend(home.as_ref().map(|it| it.join(".aws")));
    for name in ["SSL_CERT_DIR", "TZDIR"] {
        res.extend(path_of(name));
    }
    for name in [
        "SSL_CERT_FILE",
        "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    ] {
        let Some(file) = path_of(name) else { continue };
        let folder = file.parent().filter(|it| {
            // Nobody means all of these by naming one file in them.
            *it != Path::new("/") && *it != Path::new("/tmp") && Some(*it) != home.as_deref()
        });
        res.push(folder.map(Path::to_owned).unwrap_or(file));
    }
    res
}

const SYSTEM_READS: &[&str] = &[
    // Resolver, hosts, certificates, the local time zone.
    "/etc",
    "/run/systemd/resolve",
    "/run/NetworkManager",
    "/run/resolvconf",
    "/run/nscd",
    "/var/run/nscd",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
    "/usr/lib/ssl",
    "/var/lib/ca-certificates",
    "/usr/share/zoneinfo",
    "/dev/urandom",
    "/dev/null",
    // Memory figures of this process; nobody else's.
    "/proc/self",
    "/sys/devices/system/cpu",
];

#[cfg(target_os = "linux")]
mod imp {
    use std::{collections::BTreeMap, error::Error};

    use landlock::{
        ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetStatus,
        Scope, path_beneath_rules,
    };
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
        SeccompRule, apply_filter_all_threads,
    };

    use super::{Enforced, Needs};

    /// No core dump and no debugger of the same user sees our memory: it may hold
    /// keys and tokens.
    pub(super) fn limit_resources() {
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
        for resource in [Resource::Core, Resource::Memlock, Resource::Msgqueue, Resource::Rtprio] {
            // Lowering a limit is always allowed.
            let _ = setrlimit(resource, Rlimit { current: Some(0), maximum: Some(0) });
        }
    }

    pub(super) fn confine_paths(needs: &Needs) -> Result<Enforced, Box<dyn Error>> {
        let read = AccessFs::ReadFile | AccessFs::ReadDir;
        let status = Ruleset::default()
            .handle_access(AccessFs::from_all(ABI::V6))?
            // Connecting is the network policy's business; listening is over.
            .handle_access(AccessNet::BindTcp)?
            .scope(Scope::from_all(ABI::V6))?
            .create()?
            .add_rules(path_beneath_rules(&needs.reads, read))?
            .add_rules(path_beneath_rules(&needs.removes, AccessFs::RemoveFile))?
            .restrict_self()?;
        Ok(match status.ruleset {
            RulesetStatus::FullyEnforced => Enforced::Full,
            RulesetStatus::PartiallyEnforced => Enforced::Partial,
            RulesetStatus::NotEnforced => Enforced::No,
        })
    }

    /// A call that is not listed fails as if this system did not have it, which
    /// libraries are prepared for: nothing is killed by a missing entry.
    pub(super) fn filter_system_calls() -> Result<(), Box<dyn Error>> {
        let mut rules: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
        for call in ALLOWED.iter().chain(ALLOWED_HERE) {
            rules.insert(*call, Vec::new());
        }
        for (call, argument, width, allowed) in restricted() {
            let alternatives = allowed.into_iter().map(|(op, value)| {
                let condition = SeccompCondition::new(argument, width.clone(), op, value)?;
                SeccompRule::new(vec![condition])
            });
            rules.insert(call, alternatives.collect::<Result<_, _>>()?);
        }
        let missing = SeccompAction::Errno(libc::ENOSYS as u32);
        let arch = std::env::consts::ARCH.try_into()?;
        let filter: BpfProgram =
            SeccompFilter::new(rules, missing, SeccompAction::Allow, arch)?.try_into()?;
        Ok(apply_filter_all_threads(&filter)?)
    }

    type Restricted = (i64, u8, SeccompCmpArgLen, Vec<(SeccompCmpOp, u64)>);

    /// Calls that are allowed with certain values of one argument.
    fn restricted() -> Vec<Restricted> {
        use SeccompCmpArgLen::{Dword, Qword};

        let exactly = |values: &[u64]| values.iter().map(|it| (SeccompCmpOp::Eq, *it)).collect();
        let without = |bits: libc::c_int| vec![(SeccompCmpOp::MaskedEq(bits as u64), 0)];
        let thread = libc::CLONE_THREAD as u64;
        let own = u64::from(std::process::id());
        let families = [
            libc::AF_UNIX as u64,
            libc::AF_INET as u64,
            libc::AF_INET6 as u64,
            // getaddrinfo asks which addresses this machine has.
            libc::AF_NETLINK as u64,
        ];
        let controls = [
            0x5421, // FIONBIO
            0x541B, // FIONREAD
            0x5401, // TCGETS
            0x5413, // TIOCGWINSZ
            // How written pages are found: see isolate/heap.rs.
            0xC060_6610, // PAGEMAP_SCAN
            0xC018_AA3F, // UFFDIO_API
            0xC020_AA00, // UFFDIO_REGISTER
            0xC018_AA06, // UFFDIO_WRITEPROTECT
        ];
        vec![
            // Threads yes, processes no. `clone3` passes its flags in memory and is
            // missing here on purpose: the C library then uses `clone`.
            (libc::SYS_clone, 0, Dword, vec![(SeccompCmpOp::MaskedEq(thread), thread)]),
            // Nothing becomes code any more.
            (libc::SYS_mmap, 2, Dword, without(libc::PROT_EXEC)),
            (libc::SYS_mprotect, 2, Dword, without(libc::PROT_EXEC)),
            (libc::SYS_tgkill, 0, Dword, exactly(&[own])),
            (libc::SYS_socket, 0, Dword, exactly(&families)),
            (libc::SYS_socketpair, 0, Dword, exactly(&[libc::AF_UNIX as u64])),
            (libc::SYS_prctl, 0, Dword, exactly(&[libc::PR_SET_NAME as u64, PR_SET_VMA])),
            (libc::SYS_ioctl, 1, Dword, exactly(&controls)),
            // Limits are read, not raised.
            (libc::SYS_prlimit64, 2, Qword, exactly(&[0])),
        ]
    }

    /// How the C library names its memory.
    const PR_SET_VMA: u64 = 0x5356_4d41;

    const ALLOWED: &[i64] = &[
        // Files and pipes.
        libc::SYS_read,
        libc::SYS_readv,
        libc::SYS_pread64,
        libc::SYS_write,
        libc::SYS_writev,
        libc::SYS_pwrite64,
        libc::SYS_close,
        libc::SYS_openat,
        libc::SYS_fstat,
        libc::SYS_newfstatat,
        libc::SYS_statx,
        libc::SYS_statfs,
        libc::SYS_fstatfs,
        libc::SYS_faccessat,
        libc::SYS_readlinkat,
        libc::SYS_getdents64,
        libc::SYS_getcwd,
        libc::SYS_lseek,
        libc::SYS_fcntl,
        libc::SYS_dup,
        libc::SYS_pipe2,
        libc::SYS_unlinkat,
        // Memory; `memfd_create` and `userfaultfd` are for a rebuilt isolate.
        libc::SYS_brk,
        libc::SYS_munmap,
        libc::SYS_mremap,
        libc::SYS_madvise,
        libc::SYS_memfd_create,
        libc::SYS_ftruncate,
        libc::SYS_userfaultfd,
        // Threads.
        libc::SYS_futex,
        libc::SYS_set_robust_list,
        libc::SYS_rseq,
        libc::SYS_gettid,
        libc::SYS_getpid,
        libc::SYS_sched_yield,
        libc::SYS_sched_getaffinity,
        libc::SYS_getcpu,
        libc::SYS_membarrier,
        libc::SYS_exit,
        libc::SYS_exit_group,
        libc::SYS_restart_syscall,
        // Signals.
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_sigaltstack,
        // Time and chance.
        libc::SYS_nanosleep,
        libc::SYS_clock_nanosleep,
        libc::SYS_clock_gettime,
        libc::SYS_clock_getres,
        libc::SYS_gettimeofday,
        libc::SYS_getrandom,
        // Sockets.
        libc::SYS_bind,
        libc::SYS_connect,
        libc::SYS_accept4,
        libc::SYS_getsockname,
        libc::SYS_getpeername,
        libc::SYS_getsockopt,
        libc::SYS_setsockopt,
        libc::SYS_shutdown,
        libc::SYS_sendto,
        libc::SYS_sendmsg,
        libc::SYS_sendmmsg,
        libc::SYS_recvfrom,
        libc::SYS_recvmsg,
        // Waiting.
        libc::SYS_epoll_create1,
        libc::SYS_epoll_ctl,
        libc::SYS_epoll_pwait,
        libc::SYS_eventfd2,
        libc::SYS_ppoll,
        // Who and how much.
        libc::SYS_getuid,
        libc::SYS_geteuid,
        libc::SYS_getgid,
        libc::SYS_getegid,
        libc::SYS_getrusage,
        libc::SYS_sysinfo,
        libc::SYS_uname,
    ];

    /// Older spellings that this machine's libraries still use.
    #[cfg(target_arch = "x86_64")]
    const ALLOWED_HERE: &[i64] = &[
        libc::SYS_open,
        libc::SYS_stat,
        libc::SYS_lstat,
        libc::SYS_access,
        libc::SYS_readlink,
        libc::SYS_unlink,
        libc::SYS_poll,
        libc::SYS_epoll_wait,
        libc::SYS_time,
        libc::SYS_getrlimit,
    ];
    #[cfg(not(target_arch = "x86_64"))]
    const ALLOWED_HERE: &[i64] = &[];
}

#[cfg(not(target_os = "linux"))]
mod imp {
    use super::{Enforced, Needs};

    pub(super) fn limit_resources() {}

    pub(super) fn confine_paths(_needs: &Needs) -> Result<Enforced, ()> {
        Err(())
    }

    pub(super) fn filter_system_calls() -> Result<(), ()> {
        Err(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_named_opens_its_folder_and_no_more() {
        let variables = |name: &str| {
            let value = match name {
                "HOME" => "/home/ada",
                "AWS_CONFIG_FILE" => "/srv/aws/config",
                "AWS_SHARED_CREDENTIALS_FILE" => "/home/ada/keys",
                "SSL_CERT_FILE" => "/root.pem",
                "SSL_CERT_DIR" => "relative",
                _ => return None,
            };
            Some(OsString::from(value))
        };
        let own: Vec<_> = readable(variables).split_off(SYSTEM_READS.len());
        let expected = ["/home/ada/.aws", "/root.pem", "/srv/aws", "/home/ada/keys"];
        assert_eq!(own, expected.map(PathBuf::from));
    }
}
