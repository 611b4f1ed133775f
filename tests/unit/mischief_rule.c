/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit test of mischief's rules as text: every site, match and action, each
 * way to be wrong with the byte that is, and bytes that are anything.
 */

#include "qemu/osdep.h"
#include "hw/puck/mischief/rule.h"
#include "hw/puck/mischief/words.h"

#define GARBAGE_ROUNDS  300000

typedef struct Text {
    const char *text;
    const char *canonical;      /* NULL: the same */
} Text;

static const Text good_actions[] = {
    { "fence.complete delay=5ms" },
    { "fence.complete delay=uniform:1ms-20ms" },
    { "fence.complete delay=exp:3us" },
    { "fence.complete hold" },
    { "fence.complete reorder=rings" },
    { "fence.complete error" },
    { "fence.complete never" },
    { "fence.complete reorder=within" },
    { "fence.complete early" },
    { "fence.complete early=200us" },
    { "fence.complete start=4294967290" },
    { "fence.complete start=0xfffffffa", "fence.complete start=4294967290" },
    { "irq.raise drop" },
    { "irq.raise duplicate", "irq.raise duplicate=1" },
    { "irq.raise duplicate=64" },
    { "irq.raise delay=0ns" },
    { "irq.raise coalesce=1ms" },
    { "irq.raise spurious" },
    { "irq.raise spurious=2047" },
    { "dma.read fault" },
    { "dma.read corrupt=xor:0xff" },
    { "dma.read corrupt=and:15", "dma.read corrupt=and:0x0f" },
    { "dma.read corrupt=or:0x01" },
    { "dma.read truncate=0" },
    { "dma.read delay=60s" },
    { "dma.write fault" },
    { "dma.write corrupt=xor:0x00" },
    { "dma.write corrupt=and:0xfe" },
    { "dma.write corrupt=or:0x80" },
    { "dma.write truncate=4K" },
    { "dma.write truncate=0x1000", "dma.write truncate=4K" },
    { "dma.write truncate=1025" },
    { "dma.write truncate=1536" },
    { "dma.write truncate=3M" },
    { "dma.write truncate=2048G" },
    { "dma.write delay=exp:60s" },
    { "dma.write split=10us" },
    { "dma.write reorder" },
    { "iommu.translate fault" },
    { "iommu.translate delay=uniform:0ns-1ns" },
    { "gpu.translate fault" },
    { "gpu.flush delay=1500ns" },
    { "gpu.flush drop" },
    { "gpu.flush partial" },
    { "iommu.invalidate delay=500us" },
    { "iommu.invalidate defer=1" },
    { "iommu.invalidate drop" },
    { "iommu.invalidate partial" },
    { "device stall" },
    { "device stall=1500000ns", "device stall=1500us" },
    { "device reset-fails" },
    { "device gone" },
    { "device gone=1ms" },
    { "device bme-ignored" },
    { "cam.frame drop" },
    { "cam.frame truncate=0" },
    { "cam.frame truncate=65535" },
    { "cam.frame line=7" },
    { "cam.frame error" },
    { "cam.frame resize" },
    { "cam.frame delay=exp:3ms" },
    { "cam.frame hold" },
    { "cam.frame renumber=4294967295" },
    { "cam.frame duplicate" },
    { "cam.frame shift" },
    { "cam.frame past", "cam.frame past=4096" },
    { "cam.frame past=1" },
    { "cam.frame past=65536" },
    { "display.vblank drop" },
    { "display.flip delay=uniform:1ms-2ms" },
    { "display.flip torn" },
    { "display.frame underrun" },
    { "display.hotplug drop" },
};

static const Text good_matches[] = {
    { "fence.complete device=gpu0 ring=0 every=5 delay=uniform:1ms-20ms" },
    { "irq.raise vector=1 nth=3 drop" },
    { "iommu.invalidate requester=01:00.0 prob=1/4 delay=500us" },
    { "device device=device gone" },
    { "fence.complete ring=4294967295 hold" },
    { "fence.complete seqno=17 hold" },
    { "fence.complete seqno=17-17 hold", "fence.complete seqno=17 hold" },
    { "cam.frame device=cam0 frame=3-9 every=2 hold" },
    { "dma.write frame=3 fault" },
    { "fence.complete seqno=0x10-0x20 hold",
      "fence.complete seqno=16-32 hold" },
    { "iommu.translate requester=ff:1f.7 fault" },
    { "iommu.translate requester=FF:1F.7 fault",
      "iommu.translate requester=ff:1f.7 fault" },
    { "iommu.translate requester=1:2.3 fault",
      "iommu.translate requester=01:02.3 fault" },
    { "iommu.translate iova=0x1000-0x1fff fault" },
    { "iommu.translate iova=4096 fault", "iommu.translate iova=0x1000 fault" },
    { "iommu.translate iova=0-18446744073709551615 fault",
      "iommu.translate iova=0x0-0xffffffffffffffff fault" },
    { "gpu.translate ring=1 vm=63 va=0x1000-0x1fff dir=write fault" },
    { "gpu.translate dir=read va=5 vm=0x10 fault",
      "gpu.translate vm=16 va=0x5 dir=read fault" },
    { "gpu.flush va=0-281474976710655 drop",
      "gpu.flush va=0x0-0xffffffffffff drop" },
    { "iommu.translate dir=read fault" },
    { "iommu.translate dir=write fault" },
    { "irq.raise vector=0 drop" },
    { "display.flip head=1 frame=3-9 seqno=4 torn",
      "display.flip seqno=4 frame=3-9 head=1 torn" },
    { "irq.raise every=3 from=2 count=1 drop" },
    { "irq.raise count=1 from=2 every=3 drop",
      "irq.raise every=3 from=2 count=1 drop" },
    { "irq.raise nth=2 count=5 prob=0/1 drop" },
    { "irq.raise prob=18446744073709551615/18446744073709551615 drop" },
    { "  irq.raise   drop  ", "irq.raise drop" },
    { "irq.raise nth=000000000000000000000000000007 drop",
      "irq.raise nth=7 drop" },
};

/* The byte that is wrong is the one below the ^ of the second line. */
static const struct {
    const char *text;
    const char *mark;
} bad[] = {
    { "", "^" },
    { "   ", "   ^" },
    { "fence", "^" },
    { "fence.completed hold", "^" },
    { " Irq.raise drop", " ^" },
    { "irq.raise", "         ^" },
    { "irq.raise  ", "           ^" },
    { "irq.raise vector=1", "                  ^" },
    { "irq.raise lose", "          ^" },
    { "irq.raise hold", "          ^" },
    { "irq.raise vector", "                ^" },
    { "irq.raise vectors=1 drop", "          ^" },
    { "irq.raise vector= drop", "                 ^" },
    { "irq.raise vector=x drop", "                 ^" },
    { "irq.raise vector=-1 drop", "                 ^" },
    { "irq.raise vector=1x drop", "                  ^" },
    { "irq.raise vector=0x drop", "                   ^" },
    { "irq.raise vector=0xg drop", "                   ^" },
    { "irq.raise vector=4294967296 drop", "                 ^" },
    { "irq.raise nth=18446744073709551616 drop", "              ^" },
    { "irq.raise nth=0 drop", "              ^" },
    { "irq.raise every=0 drop", "                ^" },
    { "irq.raise from=0 drop", "               ^" },
    { "irq.raise count=0 drop", "                ^" },
    { "irq.raise nth=1 nth=2 drop", "                ^" },
    { "irq.raise nth=1 every=2 drop", "                ^" },
    { "irq.raise from=1 nth=2 drop", "                 ^" },
    { "irq.raise every=3 nth=2 drop", "                  ^" },
    { "irq.raise prob=1 drop", "                ^" },
    { "irq.raise prob=1/0 drop", "                 ^" },
    { "irq.raise prob=3/2 drop", "               ^" },
    { "irq.raise device= drop", "                 ^" },
    { "fence.complete seqno=5-4 hold", "                     ^" },
    { "fence.complete seqno=5- hold", "                       ^" },
    { "fence.complete seqno=5-4294967296 hold", "                       ^" },
    { "iommu.translate iova=2-1 fault", "                     ^" },
    { "iommu.translate iova=0x10000000000000000 fault",
      "                       ^" },
    { "gpu.translate va=2-1 fault", "                 ^" },
    { "gpu.translate vm=4294967296 fault", "                 ^" },
    { "gpu.translate vm= fault", "                 ^" },
    { "gpu.translate vm=1 vm=1 fault", "                   ^" },
    { "gpu.translate delay=1ms", "              ^" },
    { "gpu.translate drop", "              ^" },
    { "gpu.flush fault", "          ^" },
    { "gpu.flush defer=1", "          ^" },
    { "gpu.flush delay=uniform:1ms-2ms", "                ^" },
    { "gpu.flushes drop", "^" },
    { "iommu.translate dir=both fault", "                    ^" },
    { "iommu.translate dir=reads fault", "                        ^" },
    { "iommu.translate requester=100:0.0 fault",
      "                          ^" },
    { "iommu.translate requester=1:20.0 fault",
      "                            ^" },
    { "iommu.translate requester=1:2.8 fault",
      "                              ^" },
    { "iommu.translate requester=1.2 fault",
      "                           ^" },
    { "iommu.translate requester=1:2 fault",
      "                             ^" },
    { "irq.raise drop drop", "               ^" },
    { "irq.raise drop nth=1", "               ^" },
    { "irq.raise drop=1", "               ^" },
    { "irq.raise drop=", "               ^" },
    { "irq.raise duplicate=0", "                    ^" },
    { "irq.raise duplicate=65", "                    ^" },
    { "irq.raise spurious=2048", "                   ^" },
    { "cam.frame duplicate=1", "                    ^" },
    { "cam.frame truncate=65536", "                   ^" },
    { "cam.frame past=0", "               ^" },
    { "cam.frame past=65537", "               ^" },
    { "cam.frame renumber", "                  ^" },
    { "cam.frame never", "          ^" },
    { "cam.frame frame=2-1 drop", "                ^" },
    { "irq.raise coalesce", "                  ^" },
    { "irq.raise delay", "               ^" },
    { "irq.raise delay=", "                ^" },
    { "irq.raise delay=5", "                 ^" },
    { "irq.raise delay=5m", "                 ^" },
    { "irq.raise delay=5 ms", "                 ^" },
    { "irq.raise delay=5msec", "                   ^" },
    { "irq.raise delay=61s", "                ^" },
    { "irq.raise delay=60000000001ns", "                ^" },
    { "irq.raise delay=18446744073709551615s", "                ^" },
    { "irq.raise delay=uniform:2ms-1ms", "                        ^" },
    { "irq.raise delay=uniform:2ms", "                           ^" },
    { "irq.raise delay=uniform:1ms-2ms-3ms",
      "                               ^" },
    { "irq.raise delay=exp:1ms-2ms", "                       ^" },
    { "irq.raise delay=gauss:1ms", "                ^" },
    { "iommu.invalidate delay=uniform:1ms-2ms", "                       ^" },
    { "iommu.invalidate delay=exp:1ms", "                       ^" },
    { "iommu.invalidate defer=0", "                       ^" },
    { "iommu.invalidate defer", "                      ^" },
    { "iommu.invalidate fault", "                 ^" },
    { "iommu.translate drop", "                ^" },
    { "fence.complete reorder", "                      ^" },
    { "fence.complete reorder=", "                       ^" },
    { "fence.complete reorder=ring", "                       ^" },
    { "fence.complete reorder=ringss", "                       ^" },
    { "fence.complete reorder=rings:1", "                       ^" },
    { "fence.complete split=1ms", "               ^" },
    { "fence.complete start", "                    ^" },
    { "fence.complete start=4294967296", "                     ^" },
    { "fence.complete early=", "                     ^" },
    { "dma.read split=1ms", "         ^" },
    { "dma.read reorder", "         ^" },
    { "dma.write reorder=rings", "                  ^" },
    { "dma.write corrupt=0xff", "                  ^" },
    { "dma.write corrupt=xor", "                     ^" },
    { "dma.write corrupt=xor:", "                      ^" },
    { "dma.write corrupt=xor:256", "                      ^" },
    { "dma.write corrupt=nor:1", "                  ^" },
    { "dma.write truncate=1T", "                    ^" },
    { "dma.write truncate=1KM", "                     ^" },
    { "dma.write truncate=17179869184G", "                   ^" },
    { "device stalls", "       ^" },
    { "device reset-fails=1ms", "                   ^" },
    { "irq.raise drop\n", "              ^" },
    { "irq.raise\tdrop", "         ^" },
    { "irq.raise \xc3\xa4 drop", "          ^" },
    { "irq.raise device=\x7f drop", "                 ^" },
};

static bool parse(const char *text, PuckRule *rule)
{
    PuckRuleError err = { };
    bool ok = puck_rule_parse(text, strlen(text), rule, &err);

    if (!ok) {
        g_test_message("'%s', byte %u: %s", text, err.column, err.what);
    }
    return ok;
}

static void check_good(const Text *t)
{
    const char *want = t->canonical ?: t->text;
    char once[PUCK_RULE_TEXT_MAX + 1], twice[PUCK_RULE_TEXT_MAX + 1];
    PuckRule rule, again;

    g_assert_true(parse(t->text, &rule));
    g_assert_true(puck_rule_format(&rule, once));
    g_assert_cmpstr(once, ==, want);
    g_assert_true(parse(once, &again));
    g_assert_true(puck_rule_format(&again, twice));
    g_assert_cmpstr(twice, ==, once);
}

/* Each row of the table of actions, at each of its sites, was read above. */
static void check_all_seen(void)
{
    for (size_t a = 0; a < puck_action_words_count; a++) {
        const PuckActionWord *word = &puck_action_words[a];
        uint64_t missing = word->sites;
        PuckRule rule;

        for (size_t i = 0; i < G_N_ELEMENTS(good_actions); i++) {
            if (parse(good_actions[i].text, &rule) &&
                rule.action == word->action) {
                missing &= ~PUCK_SITE_BIT(rule.site);
            }
        }
        g_test_message("%s", word->full_name);
        g_assert_cmphex(missing, ==, 0);
    }
}

static void test_actions(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(good_actions); i++) {
        check_good(&good_actions[i]);
    }
    check_all_seen();
}

static void test_matches(void)
{
    uint64_t seen = 0;
    PuckRule rule;

    for (size_t i = 0; i < G_N_ELEMENTS(good_matches); i++) {
        check_good(&good_matches[i]);
        g_assert_true(parse(good_matches[i].text, &rule));
        seen |= rule.matches;
    }
    g_assert_cmphex(seen, ==, PUCK_MATCH_BIT(PUCK_MATCH_WORDS) - 1);
}

static void test_fields(void)
{
    PuckRule r;

    g_assert_true(parse("dma.write device=gpu1 ring=2 seqno=3-4 "
                        "requester=01:02.3 iova=0x5-6 vm=20 va=21-22 dir=write "
                        "vector=7 "
                        "every=8 from=9 count=10 prob=11/12 "
                        "delay=uniform:13ns-14us", &r));
    g_assert_cmpint(r.site, ==, PUCK_SITE_DMA_WRITE);
    g_assert_cmpint(r.action, ==, PUCK_ACT_DELAY);
    g_assert_cmpstr(r.device, ==, "gpu1");
    g_assert_cmpuint(r.ring, ==, 2);
    g_assert_cmpuint(r.seqno, ==, 3);
    g_assert_cmpuint(r.seqno_last, ==, 4);
    g_assert_cmphex(r.requester, ==, 0x0113);
    g_assert_cmphex(r.iova, ==, 5);
    g_assert_cmphex(r.iova_last, ==, 6);
    g_assert_cmpuint(r.vm, ==, 20);
    g_assert_cmphex(r.va, ==, 21);
    g_assert_cmphex(r.va_last, ==, 22);
    g_assert_true(r.is_write);
    g_assert_cmpuint(r.vector, ==, 7);
    g_assert_cmpuint(r.every, ==, 8);
    g_assert_cmpuint(r.from, ==, 9);
    g_assert_cmpuint(r.count, ==, 10);
    g_assert_cmpuint(r.prob, ==, 11);
    g_assert_cmpuint(r.prob_of, ==, 12);
    g_assert_cmpint(r.draw, ==, PUCK_DRAW_UNIFORM);
    g_assert_cmpuint(r.value, ==, 13);
    g_assert_cmpuint(r.value_to, ==, 14000);
    g_assert_true(parse("irq.raise nth=3 duplicate", &r));
    g_assert_cmpuint(r.nth, ==, 3);
    g_assert_cmpint(r.draw, ==, PUCK_DRAW_FIXED);
    g_assert_cmpuint(r.value, ==, 1);
    g_assert_true(parse("device stall", &r));
    g_assert_cmpint(r.draw, ==, PUCK_DRAW_NONE);
}

static void test_bad(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        const char *text = bad[i].text;
        PuckRuleError err = { };
        PuckRule rule;

        g_test_message("'%s'", text);
        g_assert_false(puck_rule_parse(text, strlen(text), &rule, &err));
        g_assert_nonnull(err.what);
        g_assert_cmpuint(err.column, ==, strlen(bad[i].mark) - 1);
    }
}

/* A rule of 255 bytes whose canonical text has more: @words fill its end. */
static void check_grows(const char *words)
{
    static const char start[] = "irq.raise device=";
    size_t len = PUCK_RULE_TEXT_MAX - strlen(start) - strlen(words);
    g_autofree char *id = g_strnfill(len, 'x');
    g_autofree char *text = g_strconcat(start, id, words, NULL);
    PuckRuleError err = { };
    PuckRule rule;

    g_assert_cmpuint(strlen(text), ==, PUCK_RULE_TEXT_MAX);
    g_assert_false(puck_rule_parse(text, strlen(text), &rule, &err));
    g_assert_cmpuint(err.column, ==, PUCK_RULE_TEXT_MAX);
}

/* 255 bytes are a rule, 256 are none; nor is one whose canonical text is. */
static void test_length(void)
{
    g_autofree char *id = g_strnfill(PUCK_RULE_TEXT_MAX - 22, 'x');
    g_autofree char *fits = g_strdup_printf("irq.raise device=%s drop", id);
    g_autofree char *longer = g_strdup_printf("%s ", fits);
    PuckRuleError err = { };
    PuckRule rule;

    g_assert_cmpuint(strlen(fits), ==, PUCK_RULE_TEXT_MAX);
    check_good(&(Text) { fits });
    g_assert_false(puck_rule_parse(longer, strlen(longer), &rule, &err));
    g_assert_cmpuint(err.column, ==, PUCK_RULE_TEXT_MAX);
    check_grows(" requester=1:02.3 drop");
    check_grows(" vector=9 duplicate");
}

/* Text is @len bytes, whatever follows, and a zero among them is no end. */
static void test_zero(void)
{
    static const char text[] = "irq.raise drop\0drop";
    PuckRuleError err = { };
    PuckRule rule;

    g_assert_true(puck_rule_parse(text, 14, &rule, &err));
    g_assert_false(puck_rule_parse(text, 13, &rule, &err));
    g_assert_cmpuint(err.column, ==, 10);
    g_assert_false(puck_rule_parse(text, 15, &rule, &err));
    g_assert_cmpuint(err.column, ==, 14);
}

static const char *const scraps[] = {
    "irq.raise", "dma.write", "fence.complete", "device", "iommu.translate",
    " ", " ", " ", "=", "-", ":", "/", "0x", "1", "25", "18446744073709551615",
    "ns", "ms", "s", "K", "G", "uniform:", "exp:", "xor", "rings", "nth",
    "every", "seqno", "iova", "requester", "prob", "vector", "delay", "drop",
    "corrupt", "truncate", "reorder", "hold", "spurious", "01:02.3", "\n",
};

static size_t scrap_text(GRand *rand, char *text)
{
    unsigned pieces = g_rand_int_range(rand, 1, 14);
    GString *s = g_string_new(g_rand_boolean(rand) ? "irq.raise " : "");
    size_t len;

    while (pieces--) {
        g_string_append(s, scraps[g_rand_int_range(rand, 0,
                                                   G_N_ELEMENTS(scraps))]);
    }
    len = MIN(s->len, PUCK_RULE_TEXT_MAX + 1);
    memcpy(text, s->str, len);
    g_string_free(s, true);
    return len;
}

/* A good rule with a few bytes changed, or any bytes. */
static size_t noise_text(GRand *rand, char *text)
{
    size_t len = g_rand_int_range(rand, 0, PUCK_RULE_TEXT_MAX + 2);
    unsigned changes = g_rand_int_range(rand, 0, 3);

    if (g_rand_boolean(rand)) {
        for (size_t i = 0; i < len; i++) {
            text[i] = g_rand_int(rand);
        }
        return len;
    }
    strcpy(text, good_matches[g_rand_int_range(rand, 0,
                                       G_N_ELEMENTS(good_matches))].text);
    len = strlen(text);
    while (changes--) {
        text[g_rand_int_range(rand, 0, len)] = g_rand_int_range(rand, 32, 127);
    }
    return len;
}

/* Whatever is given: a rule that reads back as itself, or a byte to blame. */
static void test_garbage(void)
{
    GRand *rand = g_rand_new_with_seed(20261121);
    unsigned rules = 0;

    for (unsigned i = 0; i < GARBAGE_ROUNDS; i++) {
        char text[PUCK_RULE_TEXT_MAX + 1];
        char once[PUCK_RULE_TEXT_MAX + 1], twice[PUCK_RULE_TEXT_MAX + 1];
        size_t len = i % 2 ? scrap_text(rand, text) : noise_text(rand, text);
        /* Of its very size, so that a tool sees a byte read behind it. */
        g_autofree char *copy = g_memdup2(text, len);
        PuckRuleError err = { };
        PuckRule rule, again;

        if (!puck_rule_parse(copy, len, &rule, &err)) {
            g_assert_nonnull(err.what);
            g_assert_cmpuint(err.column, <=, len);
            continue;
        }
        rules++;
        g_assert_true(puck_rule_format(&rule, once));
        g_assert_true(parse(once, &again));
        g_assert_true(puck_rule_format(&again, twice));
        g_assert_cmpstr(once, ==, twice);
    }
    g_rand_free(rand);
    g_test_message("%u of %u were rules", rules, GARBAGE_ROUNDS);
    g_assert_cmpuint(rules, >, GARBAGE_ROUNDS / 100);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mischief/rule/actions", test_actions);
    g_test_add_func("/mischief/rule/matches", test_matches);
    g_test_add_func("/mischief/rule/fields", test_fields);
    g_test_add_func("/mischief/rule/bad", test_bad);
    g_test_add_func("/mischief/rule/length", test_length);
    g_test_add_func("/mischief/rule/zero", test_zero);
    g_test_add_func("/mischief/rule/bad_garbage", test_garbage);
    return g_test_run();
}
