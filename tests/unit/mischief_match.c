/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit test of mischief's rules at work: filters, counters, random numbers.
 */

#include "qemu/osdep.h"
#include <math.h>
#include "hw/puck/mischief/match.h"
#include "hw/puck/mischief/words.h"
#include "hw/puck/common/splitmix.h"

#define EVENTS      20000
#define MEAN        1000000ll           /* 1 ms */

static PuckRuleState start(const char *text, uint32_t id, uint64_t seed)
{
    PuckRuleError err;
    PuckRuleState st;
    PuckRule rule;

    g_assert_true(puck_rule_parse(text, strlen(text), &rule, &err));
    puck_rule_start(&st, &rule, id, seed);
    return st;
}

static bool passes(const char *filters, const PuckEvent *ev)
{
    g_autofree char *text = g_strdup_printf("dma.write %s fault", filters);
    PuckRuleState st = start(text, 1, 0);

    return puck_rule_filter(&st.rule, ev);
}

static const PuckEvent full = {
    .site = PUCK_SITE_DMA_WRITE,
    .can = PUCK_ACT_BIT(PUCK_ACT_FAULT) | PUCK_ACT_BIT(PUCK_ACT_DELAY),
    .has = PUCK_HAS_RING | PUCK_HAS_SEQNO | PUCK_HAS_FRAME |
           PUCK_HAS_REQUESTER | PUCK_HAS_IOVA | PUCK_HAS_DIR |
           PUCK_HAS_VECTOR | PUCK_HAS_VM | PUCK_HAS_VA | PUCK_HAS_HEAD,
    .device = "gpu0",
    .ring = 1, .seqno = 100, .frame = 7, .vector = 2, .requester = 0x0113,
    .is_write = true, .iova = 0x1000, .len = 0x1000, .vm = 9, .va = 0x5000,
    .head = 1,
};

static void test_filters(void)
{
    static const struct {
        const char *yes, *no;
        uint64_t has;
    } filters[] = {
        { "ring=1", "ring=0", PUCK_HAS_RING },
        { "seqno=100", "seqno=99", PUCK_HAS_SEQNO },
        { "seqno=90-100", "seqno=101-200", PUCK_HAS_SEQNO },
        { "seqno=100-200", "seqno=0-99", PUCK_HAS_SEQNO },
        { "frame=7", "frame=8", PUCK_HAS_FRAME },
        { "frame=1-7", "frame=0-6", PUCK_HAS_FRAME },
        { "requester=01:02.3", "requester=01:02.4", PUCK_HAS_REQUESTER },
        { "iova=0x1fff", "iova=0x2000", PUCK_HAS_IOVA },
        { "iova=0-0x1000", "iova=0-0xfff", PUCK_HAS_IOVA },
        { "iova=0-0xffff", "iova=0x2000-0xffff", PUCK_HAS_IOVA },
        { "vm=9", "vm=8", PUCK_HAS_VM },
        { "va=0x5000", "va=0x4fff", PUCK_HAS_VA },
        { "va=0x5fff-0x6000", "va=0x6000-0x7000", PUCK_HAS_VA },
        { "dir=write", "dir=read", PUCK_HAS_DIR },
        { "vector=2", "vector=3", PUCK_HAS_VECTOR },
        { "head=1", "head=0", PUCK_HAS_HEAD },
    };

    g_assert_true(passes("", &full));
    g_assert_true(passes("device=gpu0", &full));
    g_assert_false(passes("device=gpu", &full));
    g_assert_false(passes("device=gpu00", &full));
    for (size_t i = 0; i < G_N_ELEMENTS(filters); i++) {
        PuckEvent without = full;

        without.has &= ~filters[i].has;
        g_test_message("%s, not %s", filters[i].yes, filters[i].no);
        g_assert_true(passes(filters[i].yes, &full));
        g_assert_false(passes(filters[i].no, &full));
        g_assert_false(passes(filters[i].yes, &without));
    }
    g_assert_true(passes("device=gpu0 ring=1 seqno=1-100 dir=write", &full));
    g_assert_false(passes("device=gpu0 ring=1 seqno=1-99 dir=write", &full));
}

/*
 * For each match word: what a rule may say, how it is shown, and what would
 * not act on the second of two events that are as "full".
 */
static const struct {
    const char *said, *shown, *no;
} values[PUCK_MATCH_WORDS] = {
    [PUCK_MATCH_DEVICE] = { "gpu0", "gpu0", "gpu1" },
    [PUCK_MATCH_RING] = { "0x1", "1", "2" },
    [PUCK_MATCH_SEQNO] = { "0x64-0x0c8", "100-200", "101-200" },
    [PUCK_MATCH_FRAME] = { "0x5-7", "5-7", "8" },
    [PUCK_MATCH_REQUESTER] = { "1:2.3", "01:02.3", "01:03.3" },
    [PUCK_MATCH_IOVA] = { "8191-0x01fFF", "0x1fff", "0x2000-0x2fff" },
    [PUCK_MATCH_VM] = { "0x9", "9", "10" },
    [PUCK_MATCH_VA] = { "24575-0x05fFF", "0x5fff", "0x6000-0x6fff" },
    [PUCK_MATCH_DIR] = { "write", "write", "read" },
    [PUCK_MATCH_VECTOR] = { "02", "2", "0" },
    [PUCK_MATCH_HEAD] = { "0x1", "1", "0" },
    [PUCK_MATCH_NTH] = { "0x2", "2", "1" },
    [PUCK_MATCH_EVERY] = { "02", "2", "3" },
    [PUCK_MATCH_FROM] = { "0x02", "2", "3" },
    [PUCK_MATCH_COUNT] = { "002", "2", "1" },
    [PUCK_MATCH_PROB] = { "0x5/5", "5/5", "0/5" },
};

static char *text_of(PuckMatch match, const char *value)
{
    return g_strdup_printf("dma.write %s=%s fault",
                           puck_match_words[match].word, value);
}

/* Whether the rule acts on the second of two events that are as @ev. */
static bool acts_on_second(const char *text, const PuckEvent *ev)
{
    PuckRuleState st = start(text, 1, 0);
    bool acts = false;

    for (unsigned i = 0; i < 2; i++) {
        acts = puck_rule_filter(&st.rule, ev) && puck_rule_fires(&st);
    }
    return acts;
}

/* Each row of the table of match words says what its word is about. */
static void test_rows(void)
{
    uint64_t taken = 0;

    for (unsigned i = 0; i < PUCK_MATCH_WORDS; i++) {
        const PuckMatchWord *word = &puck_match_words[i];
        g_autofree char *said = text_of(i, values[i].said);
        g_autofree char *shown = text_of(i, values[i].shown);
        g_autofree char *no = text_of(i, values[i].no);
        char text[PUCK_RULE_TEXT_MAX + 1];
        PuckEvent without = full;
        PuckRuleState st = start(said, 1, 0);

        g_test_message("%s", said);
        g_assert_cmphex(word->has & taken, ==, 0);
        taken |= word->has;
        g_assert_cmphex(st.rule.matches, ==, PUCK_MATCH_BIT(i));
        g_assert_true(puck_rule_format(&st.rule, text));
        g_assert_cmpstr(text, ==, shown);
        st = start(shown, 1, 0);
        g_assert_true(puck_rule_format(&st.rule, text));
        g_assert_cmpstr(text, ==, shown);

        g_assert_true(acts_on_second(said, &full));
        g_assert_false(acts_on_second(no, &full));
        without.has &= ~word->has;
        if (word->has & PUCK_HAS_DEVICE) {
            without.device = NULL;
        }
        g_assert_cmpint(acts_on_second(said, &without), ==, !word->has);
    }
}

static void test_other_events(void)
{
    PuckRuleState st = start("dma.write fault", 1, 0);
    PuckEvent ev = full;

    ev.site = PUCK_SITE_DMA_READ;
    g_assert_false(puck_rule_filter(&st.rule, &ev));
    ev = full;
    ev.can = PUCK_ACT_BIT(PUCK_ACT_DELAY);
    g_assert_false(puck_rule_filter(&st.rule, &ev));
    ev = full;
    ev.device = NULL;
    g_assert_true(puck_rule_filter(&st.rule, &ev));
    g_assert_false(passes("device=gpu0", &ev));
}

/* At the ends of the address space, and without a byte. */
static void test_iova_ends(void)
{
    PuckEvent ev = full;

    ev.iova = UINT64_MAX - 0xf;
    ev.len = 0x1000;
    g_assert_true(passes("iova=0xffffffffffffffff", &ev));
    g_assert_false(passes("iova=0-0xfff", &ev));
    ev.iova = 0;
    ev.len = UINT64_MAX;
    g_assert_true(passes("iova=0x1234", &ev));
    ev.len = 0;
    g_assert_false(passes("iova=0-0xffffffffffffffff", &ev));
}

static bool of_domain(const PuckEvent *ev, uint16_t requester)
{
    const uint16_t *member = ev->opaque;

    return requester == *member;
}

static void test_domain(void)
{
    uint16_t member = 0x0113;
    PuckEvent ev = full;

    ev.has &= ~PUCK_HAS_REQUESTER;
    ev.opaque = &member;
    g_assert_false(passes("requester=01:02.3", &ev));
    ev.is_requester = of_domain;
    g_assert_true(passes("requester=01:02.3", &ev));
    g_assert_false(passes("requester=01:02.2", &ev));
}

/* At which of the first 12 events a rule fires, as bits. */
static uint32_t firings(const char *matches)
{
    g_autofree char *text = g_strdup_printf("irq.raise %s drop", matches);
    PuckRuleState st = start(text, 1, 0);
    uint32_t bits = 0;

    for (unsigned i = 1; i <= 12; i++) {
        bits |= (uint32_t)puck_rule_fires(&st) << i;
    }
    g_assert_cmpuint(st.seen, ==, 12);
    g_assert_cmpuint(st.hits, ==, __builtin_popcount(bits));
    return bits;
}

static void test_counters(void)
{
    g_assert_cmphex(firings(""), ==, 0x1ffe);
    g_assert_cmphex(firings("nth=1"), ==, 1 << 1);
    g_assert_cmphex(firings("nth=12"), ==, 1 << 12);
    g_assert_cmphex(firings("nth=13"), ==, 0);
    g_assert_cmphex(firings("every=1"), ==, 0x1ffe);
    g_assert_cmphex(firings("every=5"), ==, 1 << 5 | 1 << 10);
    g_assert_cmphex(firings("from=11"), ==, 1 << 11 | 1 << 12);
    g_assert_cmphex(firings("count=2"), ==, 1 << 1 | 1 << 2);
    g_assert_cmphex(firings("every=4 from=5"), ==, 1 << 8 | 1 << 12);
    g_assert_cmphex(firings("every=4 from=5 count=1"), ==, 1 << 8);
    g_assert_cmphex(firings("nth=3 count=1"), ==, 1 << 3);
    g_assert_cmphex(firings("prob=0/3"), ==, 0);
    g_assert_cmphex(firings("prob=3/3"), ==, 0x1ffe);
}

static void test_probability(void)
{
    PuckRuleState st = start("irq.raise prob=1/4 drop", 3, 7);
    uint64_t s = 7 + 3 * PUCK_SPLITMIX_STEP;

    for (unsigned i = 0; i < EVENTS; i++) {
        g_assert_cmpint(puck_rule_fires(&st), ==, puck_splitmix64(&s) % 4 < 1);
    }
    g_assert_cmpuint(st.hits, >, EVENTS / 4 - EVENTS / 50);
    g_assert_cmpuint(st.hits, <, EVENTS / 4 + EVENTS / 50);
}

/* Nothing is drawn where something else has said no. */
static void test_probability_is_last(void)
{
    PuckRuleState st = start("irq.raise every=3 prob=1/2 drop", 1, 9);
    uint64_t s = 9 + PUCK_SPLITMIX_STEP;

    for (unsigned i = 1; i <= 300; i++) {
        bool want = i % 3 == 0 && puck_splitmix64(&s) % 2 < 1;

        g_assert_cmpint(puck_rule_fires(&st), ==, want);
    }
    g_assert_cmphex(st.random, ==, s);
}

static void test_uniform(void)
{
    PuckRuleState st = start("irq.raise delay=uniform:10ns-19ns", 1, 0);
    unsigned counts[10] = { };

    for (unsigned i = 0; i < EVENTS; i++) {
        uint64_t ns = puck_rule_draw(&st);

        g_assert_cmpuint(ns, >=, 10);
        g_assert_cmpuint(ns, <=, 19);
        counts[ns - 10]++;
    }
    for (unsigned i = 0; i < 10; i++) {
        g_assert_cmpuint(counts[i], >, EVENTS / 10 * 8 / 10);
        g_assert_cmpuint(counts[i], <, EVENTS / 10 * 12 / 10);
    }
}

/*
 * The contract's formula, by the C library and with more bits than a double
 * has. Where it is a whole number nearly, it may round the other way.
 */
static void check_exponential(uint64_t random, uint64_t ns)
{
    long double u = ((random >> 11) + 1) / 0x1p53L;
    long double want = -MEAN * logl(u);

    if (fabsl(want - roundl(want)) > 0.000001) {
        g_assert_cmpuint(ns, ==, (uint64_t)want);
    } else {
        g_assert_true(fabsl(want - ns) <= 1);
    }
}

static void test_exponential(void)
{
    PuckRuleState st = start("irq.raise delay=exp:1ms", 1, 5);
    uint64_t s = 5 + PUCK_SPLITMIX_STEP, sum = 0, most = 0;
    unsigned below = 0;

    for (unsigned i = 0; i < EVENTS; i++) {
        uint64_t ns = puck_rule_draw(&st);

        check_exponential(puck_splitmix64(&s), ns);
        sum += ns;
        most = MAX(most, ns);
        below += ns < MEAN * M_LN2;
    }
    g_assert_cmpuint(sum / EVENTS, >, MEAN * 97 / 100);
    g_assert_cmpuint(sum / EVENTS, <, MEAN * 103 / 100);
    /* The median is MEAN * ln 2. */
    g_assert_cmpuint(below, >, EVENTS * 48 / 100);
    g_assert_cmpuint(below, <, EVENTS * 52 / 100);
    g_assert_cmpuint(most, >, 6 * MEAN);
}

static void test_exponential_limit(void)
{
    PuckRuleState st = start("irq.raise delay=exp:60s", 1, 0);
    unsigned at_limit = 0;

    for (unsigned i = 0; i < EVENTS; i++) {
        uint64_t ns = puck_rule_draw(&st);

        g_assert_cmpuint(ns, <=, PUCK_TIME_MAX_NS);
        at_limit += ns == PUCK_TIME_MAX_NS;
    }
    /* 1/e of them */
    g_assert_cmpuint(at_limit, >, EVENTS * 35 / 100);
    g_assert_cmpuint(at_limit, <, EVENTS * 39 / 100);
    st = start("irq.raise delay=exp:0ns", 1, 0);
    g_assert_cmpuint(puck_rule_draw(&st), ==, 0);
}

static void test_fixed(void)
{
    PuckRuleState st = start("irq.raise delay=5ms", 1, 1);
    uint64_t random = st.random;

    g_assert_cmpuint(puck_rule_draw(&st), ==, 5000000);
    g_assert_cmphex(st.random, ==, random);
}

/* Same seed and number: the same delays. Another of them: others. */
static void test_seed(void)
{
    PuckRuleState a = start("irq.raise delay=exp:1s", 2, 11);
    PuckRuleState b = start("irq.raise delay=exp:1s", 2, 11);
    PuckRuleState seed = start("irq.raise delay=exp:1s", 2, 12);
    PuckRuleState number = start("irq.raise delay=exp:1s", 3, 11);
    unsigned by_seed = 0, by_number = 0;

    for (unsigned i = 0; i < 100; i++) {
        uint64_t ns = puck_rule_draw(&a);

        g_assert_cmpuint(ns, ==, puck_rule_draw(&b));
        by_seed += ns != puck_rule_draw(&seed);
        by_number += ns != puck_rule_draw(&number);
    }
    g_assert_cmpuint(by_seed, >, 90);
    g_assert_cmpuint(by_number, >, 90);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mischief/match/filters", test_filters);
    g_test_add_func("/mischief/match/rows", test_rows);
    g_test_add_func("/mischief/match/other-events", test_other_events);
    g_test_add_func("/mischief/match/iova-ends", test_iova_ends);
    g_test_add_func("/mischief/match/domain", test_domain);
    g_test_add_func("/mischief/match/counters", test_counters);
    g_test_add_func("/mischief/match/probability", test_probability);
    g_test_add_func("/mischief/match/probability-is-last",
                    test_probability_is_last);
    g_test_add_func("/mischief/draw/fixed", test_fixed);
    g_test_add_func("/mischief/draw/uniform", test_uniform);
    g_test_add_func("/mischief/draw/exponential", test_exponential);
    g_test_add_func("/mischief/draw/exponential-limit",
                    test_exponential_limit);
    g_test_add_func("/mischief/draw/seed", test_seed);
    return g_test_run();
}
