/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fuzzer of puck-render3d:
 *
 *     fuzz-render3d PROGRAM SEED REQUESTS SECONDS FOLDER
 *
 * REQUESTS are sent, or as many as can be in SECONDS. Each has to be answered,
 * but that a stream may ask for a billion triangles: behind some seconds of
 * that the renderer is ended, as a driver would. One that ends by itself, as a
 * fault of virglrenderer's may have it, is followed by another one, and what it
 * was asked for last is kept in FOLDER; but none may end by a report of a
 * sanitizer on puck-render3d itself. Its memory has a bound, so it may also end
 * for want of that.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include "child.h"

#define PROGRESS_SECONDS    5
/* Of so many contexts that take no stream any more one is asked again. */
#define ASKED_AGAIN_IN      8

typedef struct Counts {
    unsigned long requests, streams, drawn, refused, ended, hung, reports;
} Counts;

/* What it was asked for when it ended, to be looked at. */
static void keep(const char *folder, const Child *child,
                 const PuckWireRequest *q, unsigned long at)
{
    char path[600];
    FILE *file;

    snprintf(path, sizeof(path), "%s/render3d.ended-%lu", folder, at);
    file = fopen(path, "wb");
    if (file) {
        fwrite(q, sizeof(*q), 1, file);
        fwrite(child->area, 1, q->op == PUCK_RENDER_CMD_SUBMIT ? q->length : 0,
               file);
        fclose(file);
    }
}

static void has_ended(Child *child, Answer answer, const PuckWireRequest *q,
                      const char *folder, Counts *counts)
{
    static const char *const words[] = {
        [NO_ANSWER] = "has ended", [LATE_ANSWER] = "takes too long",
        [BAD_ANSWER] = "answers nonsense",
    };
    int status = child_end(child);
    bool report = report_of_renderer(child->log, 0);

    counts->ended += answer != LATE_ANSWER;
    counts->hung += answer == LATE_ANSWER;
    counts->reports += report || answer == BAD_ANSWER;
    keep(folder, child, q, counts->requests);
    printf("request %lu, opcode %u: it %s, status 0x%x%s\n", counts->requests,
           q->op, words[answer], status, report ? ", with a report" : "");
    fflush(stdout);
}

static bool is_bad_stream(const PuckWireRequest *q, int32_t error)
{
    return q->op == PUCK_RENDER_CMD_SUBMIT && error;
}

/* A context that takes nothing any more is ended, mostly. */
static void follow(Rng *r, Model *m, PuckWireRequest *next,
                   const PuckWireRequest *q, int32_t error)
{
    memset(next, 0, sizeof(*next));
    if (is_bad_stream(q, error) && m->context[q->ctx - 1] &&
        !rng_once_in(r, ASKED_AGAIN_IN)) {
        next->op = PUCK_RENDER_CMD_CTX_DESTROY;
        next->ctx = q->ctx;
    }
}

static void show(const Counts *c, bool end)
{
    static time_t last;
    time_t now = time(NULL);

    if (end || now - last >= PROGRESS_SECONDS) {
        last = now;
        printf("%s: %lu requests, %lu refused; %lu streams, %lu good; %lu "
               "renderers ended, %lu took too long, %lu reports\n",
               end ? "all" : "so far", c->requests, c->refused, c->streams,
               c->drawn, c->ended, c->hung, c->reports);
        fflush(stdout);
    }
}

typedef struct Plan {
    unsigned long requests;
    time_t end;
    const char *folder;
} Plan;

static bool is_over(const Plan *plan, const Counts *counts)
{
    return counts->requests >= plan->requests || time(NULL) >= plan->end;
}

static void run(Child *child, Rng *r, const Plan *plan, Counts *counts)
{
    PuckWireRequest q, next = { 0 };
    Model model = { 0 };
    int32_t error = 0;
    Answer answer;

    child_start(child);
    while (!is_over(plan, counts)) {
        q = next;
        if (!q.op) {
            request_make(r, &model, &q, child->area);
        }
        q.serial = ++counts->requests;
        counts->streams += q.op == PUCK_RENDER_CMD_SUBMIT;
        answer = child_ask(child, &q, &error);
        memset(&next, 0, sizeof(next));
        if (answer == GOOD_ANSWER) {
            counts->refused += !!error;
            counts->drawn += q.op == PUCK_RENDER_CMD_SUBMIT && !error;
            request_done(&model, &q, error);
            follow(r, &model, &next, &q, error);
        } else {
            has_ended(child, answer, &q, plan->folder, counts);
            memset(&model, 0, sizeof(model));
            child_start(child);
        }
        show(counts, false);
    }
    child_end(child);
}

int main(int argc, char **argv)
{
    Child child = { 0 };
    Counts counts = { 0 };
    char log[600];
    Plan plan;
    Rng rng;

    if (argc != 6) {
        fprintf(stderr, "usage: %s PROGRAM SEED REQUESTS SECONDS FOLDER\n",
                argv[0]);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    snprintf(log, sizeof(log), "%s/render3d.log", argv[5]);
    child.program = argv[1];
    child.log = log;
    rng.state = argument(argv[2]);
    plan = (Plan) {
        .requests = argument(argv[3]), .end = time(NULL) + argument(argv[4]),
        .folder = argv[5],
    };
    run(&child, &rng, &plan, &counts);
    show(&counts, true);
    return counts.reports ? 1 : 0;
}
