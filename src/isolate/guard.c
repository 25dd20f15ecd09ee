/* The one entry into the engine, and every way out of it.
 *
 * Between guard_enter() and its return the thread is ARMED: whatever happens,
 * a signal may leave the engine's C code by siglongjmp. Nothing in the armed
 * region may therefore hold a lock, own memory of the process, or have a
 * destructor; the engine's heap is rolled back after every jump, so the engine
 * may be dropped between any two instructions.
 *
 * All state is thread-local: a worker never sees another worker's. This file
 * knows nothing about the engine but that it is C code.
 *
 * What must stay true is listed in guard.rs, with the tests that watch it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Mirrored by `Exit` in guard.rs. */
enum {
    GUARD_RETURNED = 0,
    GUARD_KILLED = 1,
    GUARD_OUT_OF_MEMORY = 2,
    GUARD_CRASHED = 3,
    GUARD_KILLED_AT_DOOR = 4,
    GUARD_NESTED = 5
};

/* What other threads write and the worker reads; `#[repr(C)] Shared` in
 * guard.rs. A run has a number, and 0 means "no run". */
struct guard_shared {
    _Atomic uint64_t current_run; /* written by the worker only */
    _Atomic uint64_t asked_run;   /* ring 1: this run should stop by itself */
    _Atomic uint64_t killed_run;  /* ring 2: the run that a signal means */
};

struct guard {
    sigjmp_buf exit;
    volatile sig_atomic_t how; /* the value that the jump to `exit` brings */
    struct guard_shared *shared;
    volatile sig_atomic_t inside;  /* between guard_enter and its return */
    volatile sig_atomic_t armed;   /* inside, and not in the door */
    volatile sig_atomic_t pending; /* a kill that came while not armed */
    volatile sig_atomic_t fault;   /* the signal behind GUARD_CRASHED */
    sigset_t mask;                 /* what the worker blocks; restored after a jump */
};

/* initial-exec: reading it is one instruction, so it is safe in a handler and
 * needs no allocation on a thread's first use. */
static __thread struct guard self __attribute__((tls_model("initial-exec")));

static const int kill_signal = SIGURG; /* ignored by default, so a stray one does no harm */
static const int fault_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
enum { n_fault_signals = sizeof fault_signals / sizeof *fault_signals };
static struct sigaction previous[n_fault_signals];

static _Noreturn void leave(int how)
{
    self.armed = 0;
    self.how = how;
    atomic_signal_fence(memory_order_seq_cst);
    siglongjmp(self.exit, 1);
}

static void arm(void)
{
    atomic_signal_fence(memory_order_seq_cst);
    self.armed = 1;
    atomic_signal_fence(memory_order_seq_cst);
    /* A kill that came in between was only remembered; without this the run
     * would escape for ever. */
    if (self.pending)
        leave(GUARD_KILLED_AT_DOOR);
}

static void disarm(void)
{
    self.armed = 0;
    atomic_signal_fence(memory_order_seq_cst);
}

static void on_kill(int signal)
{
    (void)signal;
    struct guard_shared *shared = self.shared;
    if (!shared)
        return; /* not a worker */
    uint64_t run = atomic_load(&shared->current_run);
    if (run == 0 || atomic_load(&shared->killed_run) != run)
        return; /* late: meant for a run that is over */
    if (self.armed)
        leave(GUARD_KILLED);
    self.pending = 1;
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
    if (self.armed) {
        self.fault = signal;
        leave(GUARD_CRASHED);
    }
    /* Not ours: hand it to whoever was there before us. */
    for (int i = 0; i < n_fault_signals; i++) {
        if (fault_signals[i] != signal)
            continue;
        if (previous[i].sa_flags & SA_SIGINFO) {
            previous[i].sa_sigaction(signal, info, context);
        } else if (previous[i].sa_handler != SIG_DFL && previous[i].sa_handler != SIG_IGN) {
            previous[i].sa_handler(signal);
        } else {
            /* The default action comes with the instruction's second try. */
            sigaction(signal, &previous[i], NULL);
        }
    }
}

#ifdef __linux__
static struct tm *(*real_localtime_r)(const time_t *, struct tm *);

/* The engine asks for the local time zone through localtime_r, which takes the C
 * library's time-zone lock: a jump out of it would leave that lock held and hang
 * the process at its next local date. So the guard is masked while it runs. */
struct tm *localtime_r(const time_t *at, struct tm *out)
{
    if (!self.armed)
        return real_localtime_r ? real_localtime_r(at, out) : gmtime_r(at, out);
    disarm();
    struct tm *local = real_localtime_r(at, out);
    arm();
    return local;
}

/* A failed assertion of the engine is a fault inside it. The C library's own
 * version takes the lock of stderr. */
_Noreturn void __assert_fail(const char *what, const char *file, unsigned line, const char *function)
{
    if (self.armed) {
        self.fault = SIGABRT;
        leave(GUARD_CRASHED);
    }
    fprintf(stderr, "%s:%u: %s: assertion failed: %s\n", file, line, function, what);
    abort();
}
#endif

/* Once per process. Returns 0, or errno. */
int guard_install(void)
{
#ifdef __linux__
    /* Resolved here: a first dlsym takes the loader's lock. */
    real_localtime_r = (struct tm * (*)(const time_t *, struct tm *)) dlsym(RTLD_NEXT, "localtime_r");
    if (!real_localtime_r)
        return ENOSYS;
#endif
    /* Reads the time zone once, so that no run pays for it. */
    tzset();

    struct sigaction action;
    memset(&action, 0, sizeof action);
    /* All signals wait while a handler runs: a kill inside the fault handler
     * would otherwise report a crash as a timeout. */
    sigfillset(&action.sa_mask);
    action.sa_flags = SA_ONSTACK | SA_RESTART;
    action.sa_handler = on_kill;
    if (sigaction(kill_signal, &action, NULL))
        return errno;
    action.sa_flags = SA_ONSTACK | SA_SIGINFO;
    action.sa_sigaction = on_fault;
    for (int i = 0; i < n_fault_signals; i++)
        if (sigaction(fault_signals[i], &action, &previous[i]))
            return errno;
    return 0;
}

/* Makes the calling thread a worker: it blocks every signal but ours, since
 * jumping out of somebody else's handler would leave that one half done.
 * `alternate` is a stack of `size` bytes that outlives the thread's runs. */
int guard_adopt_thread(struct guard_shared *shared, void *alternate, size_t size)
{
    if (self.shared)
        return EBUSY;
    stack_t stack = {.ss_sp = alternate, .ss_size = size, .ss_flags = 0};
    if (sigaltstack(&stack, NULL))
        return errno;
    sigfillset(&self.mask);
    sigdelset(&self.mask, kill_signal);
    for (int i = 0; i < n_fault_signals; i++)
        sigdelset(&self.mask, fault_signals[i]);
    self.shared = shared;
    return pthread_sigmask(SIG_SETMASK, &self.mask, NULL);
}

/* Gives the alternate stack back before the thread ends. */
void guard_abandon_thread(void)
{
    stack_t none = {.ss_flags = SS_DISABLE};
    self.shared = NULL;
    sigaltstack(&none, NULL);
}

int guard_kill_signal(void)
{
    return kill_signal;
}

/* Begins run `run` on this thread. The number changes before `pending` is
 * cleared, so a late kill of the run before can not land in this one. */
void guard_begin_run(uint64_t run)
{
    atomic_store(&self.shared->current_run, run);
    atomic_signal_fence(memory_order_seq_cst);
    self.pending = 0;
    self.fault = 0;
}

/* A kill that was not acted on ends with its run: the next entry may be that of
 * a rebuild. */
void guard_end_run(void)
{
    atomic_store(&self.shared->current_run, 0);
    atomic_signal_fence(memory_order_seq_cst);
    self.pending = 0;
}

/* Whether a kill of the current run came and has not been acted on. */
int guard_pending(void)
{
    return self.pending;
}

/* Calls body(argument) armed. Returns how it ended. */
int guard_enter(void (*body)(void *), void *argument)
{
    if (self.inside)
        return GUARD_NESTED; /* it would overwrite the way out */
    /* 0: no system call per entry; the mask is put right after a jump only. What it
     * answers may be compared, says the standard, but not kept. */
    if (sigsetjmp(self.exit, 0) == 0) {
        self.inside = 1;
        arm();
        body(argument);
        disarm();
        self.inside = 0;
        return GUARD_RETURNED;
    }
    self.inside = 0;
    pthread_sigmask(SIG_SETMASK, &self.mask, NULL);
    return self.how;
}

/* The allocator's way out: scratch is used up. Only from the armed region. */
_Noreturn void guard_leave_out_of_memory(void)
{
    if (!self.armed)
        abort();
    leave(GUARD_OUT_OF_MEMORY);
}

/* The allocator's way out when what it finds in the heap cannot be: like a fault,
 * but without abort(), which takes a lock of the C library's. */
_Noreturn void guard_leave_crashed(void)
{
    if (!self.armed)
        abort();
    self.fault = SIGABRT;
    leave(GUARD_CRASHED);
}

/* Around what the door calls in Rust: no jump may cross it. */
void guard_disarm(void)
{
    disarm();
}

void guard_arm(void)
{
    arm();
}

int guard_fault_signal(void)
{
    return self.fault;
}

/* Ring 1: whether the current run should stop by itself. Other threads have no run. */
int guard_is_asked(void)
{
    if (!self.shared)
        return 0;
    uint64_t run = atomic_load_explicit(&self.shared->current_run, memory_order_relaxed);
    return run != 0 && atomic_load_explicit(&self.shared->asked_run, memory_order_relaxed) == run;
}
