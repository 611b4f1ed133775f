// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of arrays in a caller's memory (core/array.c), for all that an element of
 * an older or a newer program can be. Today's ioctls have one size for each element, so
 * user space can try these rules only in part.
 */
#include <linux/mman.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <drm/puck_drm.h>

#include <kunit/test.h>

#include "compat/gpu.h"
#include "core/array.h"

/* An element of the driver's: its second version, the first one ended behind @a. */
struct element {
	u64 a;
	u64 b;
};

#define FIRST_SIZE	offsetofend(struct element, a)
#define COUNT		3
#define COUNT_MAX	4

static int array_test_init(struct kunit *test)
{
	unsigned long user = kunit_vm_mmap(test, NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
					   MAP_ANONYMOUS | MAP_PRIVATE, 0);

	KUNIT_ASSERT_NE(test, user, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(user));
	test->priv = (void *)user;
	return 0;
}

/* The caller's array of COUNT elements, with the numbers 1, 2, 3 and so on in its words. */
static struct drm_puck_array array_test_make(struct kunit *test, u32 stride)
{
	u32 i, words = COUNT * stride / sizeof(u64);
	u64 *numbers = kunit_kcalloc(test, words, sizeof(*numbers), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, numbers);
	for (i = 0; i < words; i++)
		numbers[i] = i + 1;
	KUNIT_ASSERT_EQ(test, copy_to_user((void __user *)test->priv, numbers, COUNT * stride), 0);
	return (struct drm_puck_array){
		.ptr = (unsigned long)test->priv, .count = COUNT, .stride = stride,
	};
}

static u64 array_test_word(struct kunit *test, u32 index)
{
	u64 word;

	KUNIT_ASSERT_EQ(test, copy_from_user(&word, (u64 __user *)test->priv + index,
					     sizeof(word)), 0);
	return word;
}

static void array_test_set_word(struct kunit *test, u32 index, u64 word)
{
	KUNIT_ASSERT_EQ(test, copy_to_user((u64 __user *)test->priv + index, &word,
					   sizeof(word)), 0);
}

static struct element *array_test_read(const struct drm_puck_array *array)
{
	return puck_array_read(array, COUNT_MAX, sizeof(struct element), FIRST_SIZE);
}

static void array_test_expect_error(struct kunit *test, const struct drm_puck_array *array,
				    int error)
{
	struct element *elements = array_test_read(array);

	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(elements), error);
	if (!IS_ERR(elements))
		kfree(elements);
}

/* The same version on both sides. */
static void array_test_same(struct kunit *test)
{
	struct drm_puck_array array = array_test_make(test, sizeof(struct element));
	struct element *elements = array_test_read(&array);
	u32 i;

	KUNIT_ASSERT_FALSE(test, IS_ERR(elements));
	for (i = 0; i < COUNT; i++) {
		KUNIT_EXPECT_EQ(test, elements[i].a, 2 * i + 1);
		KUNIT_EXPECT_EQ(test, elements[i].b, 2 * i + 2);
	}
	kfree(elements);
}

/* A program that knows the first version alone. */
static void array_test_shorter(struct kunit *test)
{
	struct drm_puck_array array = array_test_make(test, FIRST_SIZE);
	struct element *elements = array_test_read(&array);
	u32 i;

	KUNIT_ASSERT_FALSE(test, IS_ERR(elements));
	for (i = 0; i < COUNT; i++) {
		KUNIT_EXPECT_EQ(test, elements[i].a, i + 1);
		KUNIT_EXPECT_EQ(test, elements[i].b, 0);
	}
	kfree(elements);
}

/* A program of later times: good as long as it wants nothing that is not known. */
static void array_test_longer(struct kunit *test)
{
	struct drm_puck_array array = array_test_make(test, 3 * sizeof(u64));
	struct element *elements;
	u32 i;

	array_test_expect_error(test, &array, -E2BIG);
	for (i = 0; i < COUNT; i++)
		array_test_set_word(test, 3 * i + 2, 0);
	elements = array_test_read(&array);
	KUNIT_ASSERT_FALSE(test, IS_ERR(elements));
	for (i = 0; i < COUNT; i++) {
		KUNIT_EXPECT_EQ(test, elements[i].a, 3 * i + 1);
		KUNIT_EXPECT_EQ(test, elements[i].b, 3 * i + 2);
	}
	kfree(elements);

	array_test_set_word(test, 3 * (COUNT - 1) + 2, 1ull << 63);
	array_test_expect_error(test, &array, -E2BIG);
}

static void array_test_empty(struct kunit *test)
{
	struct drm_puck_array array = { };

	array_test_expect_error(test, &array, 0);
	array.ptr = (unsigned long)test->priv;
	array_test_expect_error(test, &array, -EINVAL);
	array.ptr = 0;
	array.stride = sizeof(struct element);
	array_test_expect_error(test, &array, -EINVAL);
}

/**
 * struct array_bad - an array that is refused
 * @name: of the case
 * @ptr: address; 0 for good memory
 * @count: elements
 * @stride: bytes
 * @error: why
 */
struct array_bad {
	const char *name;
	u64 ptr;
	u32 count;
	u32 stride;
	int error;
};

static const struct array_bad array_bads[] = {
	{ "too_many", 0, COUNT_MAX + 1, sizeof(struct element), -EINVAL },
	{ "far_too_many", 0, ~0u, sizeof(struct element), -EINVAL },
	{ "stride_0", 0, 1, 0, -EINVAL },
	{ "stride_below_first_version", 0, 1, FIRST_SIZE - 8, -EINVAL },
	{ "stride_not_of_8", 0, 1, FIRST_SIZE + 4, -EINVAL },
	{ "stride_too_long", 0, 1, DRM_PUCK_ARRAY_STRIDE_MAX + 8, -EINVAL },
	{ "stride_ones", 0, 1, ~0u, -EINVAL },
	{ "kernel_address", 0xffff800000000000ull, 1, sizeof(struct element), -EFAULT },
	{ "wraps", -8ull, 1, sizeof(struct element), -EFAULT },
	{ "wraps_in_the_second", -16ull, 2, sizeof(struct element), -EFAULT },
	{ "not_mapped", 8, 1, FIRST_SIZE, -EFAULT },
};

static void array_bad_name(const struct array_bad *bad, char *desc)
{
	strscpy(desc, bad->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(array_bads, array_bads, array_bad_name);

static void array_test_bad(struct kunit *test)
{
	const struct array_bad *bad = test->param_value;
	struct drm_puck_array array = {
		.ptr = bad->ptr ?: (unsigned long)test->priv,
		.count = bad->count, .stride = bad->stride,
	};

	array_test_expect_error(test, &array, bad->error);
}

/* What is written ends where the caller's or the driver's element does. */
static void array_test_write(struct kunit *test, u32 stride)
{
	static const struct element elements[] = { { 1, 2 }, { 3, 4 } };
	struct drm_puck_array array = array_test_make(test, stride);
	u32 i, j, words = stride / sizeof(u64);

	KUNIT_EXPECT_EQ(test, puck_array_write(&array, elements, ARRAY_SIZE(elements),
					       sizeof(elements[0]), FIRST_SIZE), 0);
	for (i = 0; i < ARRAY_SIZE(elements); i++) {
		KUNIT_EXPECT_EQ(test, array_test_word(test, i * words), elements[i].a);
		if (words > 1)
			KUNIT_EXPECT_EQ(test, array_test_word(test, i * words + 1),
					elements[i].b);
		for (j = 2; j < words; j++)
			KUNIT_EXPECT_EQ(test, array_test_word(test, i * words + j), 0);
	}
	/* There was room for one more, which is as it was. */
	for (j = i * words; j < COUNT * words; j++)
		KUNIT_EXPECT_EQ(test, array_test_word(test, j), j + 1);
}

static void array_test_write_same(struct kunit *test)
{
	array_test_write(test, sizeof(struct element));
}

static void array_test_write_shorter(struct kunit *test)
{
	array_test_write(test, FIRST_SIZE);
}

static void array_test_write_longer(struct kunit *test)
{
	array_test_write(test, 5 * sizeof(u64));
}

static void array_test_write_bad(struct kunit *test)
{
	const struct array_bad *bad = test->param_value;
	static const struct element element;
	struct drm_puck_array array = {
		.ptr = bad->ptr ?: (unsigned long)test->priv,
		.count = bad->count, .stride = bad->stride,
	};

	/* Much room is no mistake. */
	KUNIT_EXPECT_EQ(test, puck_array_write(&array, &element, 1, sizeof(element), FIRST_SIZE),
			bad->count > COUNT_MAX ? 0 : bad->error);
}

static struct kunit_case array_test_cases[] = {
	KUNIT_CASE(array_test_same),
	KUNIT_CASE(array_test_shorter),
	KUNIT_CASE(array_test_longer),
	KUNIT_CASE(array_test_empty),
	KUNIT_CASE_PARAM(array_test_bad, array_bads_gen_params),
	KUNIT_CASE(array_test_write_same),
	KUNIT_CASE(array_test_write_shorter),
	KUNIT_CASE(array_test_write_longer),
	KUNIT_CASE_PARAM(array_test_write_bad, array_bads_gen_params),
	{ }
};

static struct kunit_suite array_test_suite = {
	.name = "puck_gpu_array",
	.init = array_test_init,
	.test_cases = array_test_cases,
};

kunit_test_suite(array_test_suite);

PUCK_IMPORT_NS_KUNIT;
