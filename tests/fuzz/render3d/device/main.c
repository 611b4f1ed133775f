/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fuzzer of puck-gpu's 3D, through the device:
 *
 *     fuzz-render3d-device QEMU RENDERER FOLDER SEED REQUESTS SECONDS
 *     fuzz-render3d-device QEMU RENDERER FOLDER case FILE
 *     fuzz-render3d-device QEMU RENDERER FOLDER reduce FILE
 *
 * As many requests as asked for are written into the rings of a QEMU, or as
 * many as there is time for, in rounds of some hundred, behind each of which
 * the device is reset and has to do a good job. It fails if QEMU ends, or does
 * not answer; if an answer is none of the contract; if a reset does not
 * complete; if QEMU or a renderer has more memory than it may; or if a
 * sanitizer names a file of puck-render3d.
 *
 * A renderer that ends by itself has a fault of virglrenderer's or llvmpipe's,
 * or it wanted more memory than it may have: the steps that led to it are kept
 * in FOLDER, to be taken again with "case", and with "reduce" those of them
 * that are not needed are left out.
 */

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "device.h"

#define ROUND_STEPS         800
#define PROGRESS_SECONDS    5
#define LOOK_EVERY          32      /* steps */
#define LOG_TAIL            4000
/* Of QEMU's memory, with what sanitizers make of it. */
#define QEMU_KIB_MAX        (256ul << 10)
/* Of a renderer's, beyond what it may allocate. */
#define RENDERER_KIB_MORE   (128ul << 10)
#define FILES_MAX           200
#define KEPT_MAX            200     /* files of a kind */
#define REDUCED_MAX         4096

typedef struct Run {
    Machine qemu;
    Guest guest;
    Counts counts;
    Round *round;
    const char *folder;
    long log_from;                  /* of the renderer that there is */
    unsigned long reports, requests;
    unsigned long good[3];
    unsigned long qemu_kib, renderer_kib;
    unsigned files;
    time_t end;
} Run;

static Run run;

static void print_log(long from)
{
    FILE *file = fopen(run.qemu.log, "r");
    char line[400];

    if (!file) {
        return;
    }
    fseek(file, from, SEEK_SET);
    while (fgets(line, sizeof(line), file)) {
        fputs(line, stdout);
    }
    fclose(file);
}

static void show_more(void)
{
    const Guest *g = &run.guest;

    printf("errors by reason:");
    for (unsigned i = 0; i < 256; i++) {
        if (g->errors[i]) {
            printf(" %u: %lu", i, g->errors[i]);
        }
    }
    printf("\nsteps: %lu commands, %lu doorbells, %lu resets of a ring, %lu of "
           "the device, %lu of the function, %lu times no bus master, %lu in "
           "D3hot\n", run.counts.steps[STEP_COMMAND],
           run.counts.steps[STEP_TAIL], run.counts.steps[STEP_RESET_RING],
           run.counts.steps[STEP_RESET_DEVICE],
           run.counts.steps[STEP_RESET_FUNCTION],
           run.counts.steps[STEP_MASTER], run.counts.steps[STEP_POWER]);
    printf("good jobs beside bad ones: %lu right, %lu refused, %lu wrong; "
           "files of QEMU's at most: %u; an access took %ld ms at most\n",
           run.good[GOOD_RIGHT], run.good[GOOD_REFUSED], run.good[GOOD_WRONG],
           run.files, (long)run.qemu.longest_ms);
}

void broken(const char *format, ...)
{
    long bytes = log_bytes(&run.qemu);
    char path[600];
    va_list args;

    snprintf(path, sizeof(path), "%s/render3d-device.broken", run.folder);
    record_write(path);
    va_start(args, format);
    show_more();
    printf("BROKEN: ");
    vprintf(format, args);
    va_end(args);
    printf("; the steps are in %s, this is the end of %s:\n", path,
           run.qemu.log);
    print_log(bytes > LOG_TAIL ? bytes - LOG_TAIL : 0);
    exit(1);
}

static void look_at_memory(void)
{
    unsigned long qemu = memory_of(run.qemu.pid);
    unsigned long renderer = memory_of(qemu_renderer(&run.qemu));
    unsigned files = qemu_files(&run.qemu);

    run.qemu_kib = qemu > run.qemu_kib ? qemu : run.qemu_kib;
    run.renderer_kib = renderer > run.renderer_kib ? renderer :
                       run.renderer_kib;
    run.files = files > run.files ? files : run.files;
    if (qemu > QEMU_KIB_MAX) {
        broken("QEMU has %lu MiB", qemu >> 10);
    }
    if (renderer > (MEMORY_MIB << 10) + RENDERER_KIB_MORE) {
        broken("the renderer has %lu MiB", renderer >> 10);
    }
    if (files > FILES_MAX) {
        broken("QEMU has %u files", files);
    }
}

static void show(bool end)
{
    static time_t last;
    time_t now = time(NULL);
    const Guest *g = &run.guest;
    const Counts *c = &run.counts;

    if (!end && now - last < PROGRESS_SECONDS) {
        return;
    }
    last = now;
    printf("%s: %lu requests (%lu streams; %lu changed), %lu rounds; %lu "
           "commands done; %lu renderers ended by themselves, %lu killed; "
           "%lu resets, %lu of them as an answer was late; memory at most: "
           "QEMU %lu MiB, renderer %lu MiB; %lu reports\n",
           end ? "all" : "so far", c->commands, c->streams, c->changed,
           c->rounds, g->done, g->own_ends, g->killed, g->resets, g->late,
           run.qemu_kib >> 10, run.renderer_kib >> 10, run.reports);
    fflush(stdout);
}

static void keep(const char *what, unsigned long n)
{
    char path[600];

    snprintf(path, sizeof(path), "%s/render3d-device.%s-%lu", run.folder, what,
             n);
    if (n <= KEPT_MAX) {
        record_write(path);
    }
}

/* There is another renderer, or none yet. */
static void begin_anew(void)
{
    record_clear();
    guest_forget(&run.guest);
    round_lost(run.round);
    run.guest.lost = false;
    run.log_from = log_bytes(&run.qemu);
}

/* Behind each step. */
static void look_at_renderer(bool same)
{
    static unsigned long late;
    Guest *g = &run.guest;

    if (!same) {
        run.reports += report_of_renderer(run.qemu.log, run.log_from);
        keep("ended", g->own_ends);
    }
    if (g->late != late) {
        late = g->late;
        keep("late", late);
    }
    if (g->lost) {
        begin_anew();
    }
}

static void take(const Step *step)
{
    record_add(step);
    look_at_renderer(guest_take(&run.guest, step));
}

static void settle(void)
{
    look_at_renderer(guest_settle(&run.guest));
}

/* Where nothing is in its way. */
static void do_a_good_job(unsigned ring, const char *where)
{
    Good good = guest_good_job(&run.guest, ring);

    if (good != GOOD_RIGHT) {
        broken("%s a good job is %s, its last error %u", where,
               good == GOOD_WRONG ? "wrong" : "refused",
               run.guest.last_reason);
    }
}

/* In the renderer that there is; and then behind a reset, where it has to. */
static void do_good_jobs(uint64_t round)
{
    Good good;

    settle();
    good = guest_good_job(&run.guest, round % RINGS);
    run.good[good]++;
    settle();
    guest_reset(&run.guest, STEP_RESET_RING + round % 3, round % RINGS);
    guest_check_empty(&run.guest);
    begin_anew();
    do_a_good_job(round % RINGS, "behind a reset");
}

static bool is_over(void)
{
    return run.counts.commands >= run.requests || time(NULL) >= run.end;
}

static void fuzz(uint64_t seed)
{
    static Step step;

    for (uint64_t i = 0; !is_over(); i++) {
        round_begin(run.round, seed << 32 | i);
        for (unsigned n = 0; n < ROUND_STEPS && !is_over(); n++) {
            round_step(run.round, &step);
            take(&step);
            if (n % LOOK_EVERY == 0) {
                look_at_memory();
            }
            show(false);
        }
        run.counts.rounds++;
        do_good_jobs(i);
    }
    show(true);
    show_more();
}

static Step *read_steps(const char *path, unsigned *count)
{
    Step *steps = calloc(REDUCED_MAX, sizeof(*steps));
    FILE *file = fopen(path, "rb");

    if (!file || !steps) {
        perror(path);
        exit(2);
    }
    for (*count = 0; *count < REDUCED_MAX && record_read(file, &steps[*count]);
         ++*count) {
        ;
    }
    fclose(file);
    return steps;
}

/* Returns at which of the steps that are @wanted a renderer ends; or -1. */
static int take_all(const Step *steps, unsigned count, const bool *wanted)
{
    int ended = -1;

    for (unsigned i = 0; i < count && ended < 0; i++) {
        if (wanted[i]) {
            ended = guest_take(&run.guest, &steps[i]) ? -1 : (int)i;
        }
    }
    if (!guest_settle(&run.guest) && ended < 0) {
        ended = count - 1;
    }
    return ended;
}

static void run_case(const char *path)
{
    bool wanted[REDUCED_MAX];
    unsigned count;
    Step *steps = read_steps(path, &count);
    int ended;

    memset(wanted, true, sizeof(wanted));
    ended = take_all(steps, count, wanted);
    print_log(0);
    run.reports += report_of_renderer(run.qemu.log, 0);
    do_good_jobs(0);
    if (ended >= 0) {
        printf("the renderer has ended by itself at step %d of %u\n",
               ended + 1, count);
    } else {
        printf("%u steps, and the renderer has not ended by itself; answers "
               "that were late: %lu\n", count, run.guest.late);
    }
    show_more();
    free(steps);
}

/* Without so many steps from @from on it may still end. */
static bool leave_out(const Step *steps, unsigned count, bool *wanted,
                      unsigned from, unsigned size)
{
    bool saved[REDUCED_MAX];
    bool any = false;

    memcpy(saved, wanted, sizeof(saved));
    for (unsigned i = from; i < from + size && i < count; i++) {
        any |= wanted[i];
        wanted[i] = false;
    }
    guest_reset(&run.guest, STEP_RESET_DEVICE, 0);
    guest_forget(&run.guest);
    if (any && take_all(steps, count, wanted) >= 0) {
        return true;
    }
    memcpy(wanted, saved, sizeof(saved));
    return false;
}

static void reduce(const char *path)
{
    bool wanted[REDUCED_MAX];
    char to[700];
    unsigned count, left = 0;
    Step *steps = read_steps(path, &count);

    memset(wanted, true, sizeof(wanted));
    for (unsigned size = (count + 1) / 2; size; size /= 2) {
        for (unsigned at = 0; at < count; at += size) {
            leave_out(steps, count, wanted, at, size);
        }
        printf("by %u\n", size);
        fflush(stdout);
    }
    record_clear();
    for (unsigned i = 0; i < count; i++) {
        if (wanted[i]) {
            record_add(&steps[i]);
            left++;
        }
    }
    snprintf(to, sizeof(to), "%s.reduced", path);
    record_write(to);
    printf("%u of %u steps are left: %s\n", left, count, to);
    free(steps);
}

static void start(char **argv, unsigned mib)
{
    static char log[600];

    run.folder = argv[3];
    snprintf(log, sizeof(log), "%s/render3d-device.qemu.log", run.folder);
    run.qemu.log = log;
    run.guest.q = &run.qemu;
    run.round = round_new(&run.guest, &run.counts);
    qemu_start(&run.qemu, argv[1], argv[2], run.folder, mib);
    guest_start(&run.guest);
    do_a_good_job(0, "at the start");
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    if (argc == 7) {
        run.requests = argument(argv[5]);
        run.end = time(NULL) + argument(argv[6]);
        start(argv, MEMORY_MIB);
        fuzz(argument(argv[4]));
    } else if (argc == 6 && !strcmp(argv[4], "case")) {
        start(argv, CASE_MEMORY_MIB);
        run_case(argv[5]);
    } else if (argc == 6 && !strcmp(argv[4], "reduce")) {
        start(argv, MEMORY_MIB);
        reduce(argv[5]);
    } else {
        fprintf(stderr, "usage: %s QEMU RENDERER FOLDER SEED REQUESTS SECONDS\n"
                "       %s QEMU RENDERER FOLDER case|reduce FILE\n", argv[0],
                argv[0]);
        return 2;
    }
    qemu_stop(&run.qemu);
    return run.reports ? 1 : 0;
}
