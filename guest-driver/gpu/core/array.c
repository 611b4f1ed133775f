// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arrays in a caller's memory, by the rules of struct drm_puck_array: an element of the
 * caller may be shorter or longer than the driver's, according to which of them is newer.
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <drm/puck_drm.h>

#include <kunit/visibility.h>

#include "core/array.h"

/* Address and stride make sense for this many elements. */
static bool puck_array_is_sane(const struct drm_puck_array *array, size_t first_size)
{
	if (!array->count)
		return !array->ptr && !array->stride;
	return array->stride >= first_size && array->stride <= DRM_PUCK_ARRAY_STRIDE_MAX &&
	       IS_ALIGNED(array->stride, 8);
}

/*
 * The address of the elements, all of which lie in the address space: within it the
 * functions that copy from or to user space decide. False if they wrap.
 */
static bool puck_array_address(const struct drm_puck_array *array, u8 __user **user)
{
	u64 last;

	if (check_add_overflow(array->ptr, (u64)array->count * array->stride, &last) ||
	    last > ULONG_MAX)
		return false;
	*user = u64_to_user_ptr(array->ptr);
	return true;
}

static int puck_array_read_each(const struct drm_puck_array *array, u8 *elements, size_t size)
{
	u8 __user *user;
	int ret = 0;
	u32 i;

	if (!puck_array_address(array, &user))
		return -EFAULT;
	if (array->stride == size)
		return copy_from_user(elements, user, array->count * size) ? -EFAULT : 0;

	for (i = 0; !ret && i < array->count; i++) {
		ret = copy_struct_from_user(elements + i * size, size,
					    user + (size_t)i * array->stride, array->stride);
		cond_resched();
	}
	return ret;
}

/**
 * puck_array_read - copy an array of structures from the caller's memory
 * @array: where it is
 * @max: elements that it may have
 * @size: bytes of an element in the driver
 * @first_size: bytes of it in the first version
 *
 * Context: may sleep; with no lock that a page fault takes.
 * Return: the elements, to be given to kfree(); ERR_PTR(-EINVAL) for too many of them, or
 * an address or stride that are not as they should be; -E2BIG if there is something in an
 * element behind what the driver knows; -EFAULT; -ENOMEM.
 */
void *puck_array_read(const struct drm_puck_array *array, u32 max, size_t size,
		      size_t first_size)
{
	u8 *elements;
	int ret;

	if (array->count > max || !puck_array_is_sane(array, first_size))
		return ERR_PTR(-EINVAL);
	elements = kcalloc(array->count, size, GFP_KERNEL);
	if (!elements)
		return ERR_PTR(-ENOMEM);

	ret = array->count ? puck_array_read_each(array, elements, size) : 0;
	if (ret) {
		kfree(elements);
		return ERR_PTR(ret);
	}
	return elements;
}
EXPORT_SYMBOL_IF_KUNIT(puck_array_read);

/**
 * puck_array_write - copy structures into the caller's memory
 * @array: where there is room
 * @elements: the elements
 * @count: how many there are, @array->count at most
 * @size: bytes of an element in the driver
 * @first_size: bytes of it in the first version
 *
 * What a longer element of the caller has behind the driver's is set to zero.
 *
 * Context: may sleep; with no lock that a page fault takes.
 * Return: 0; -EINVAL for an address or stride that are not as they should be; -EFAULT.
 */
int puck_array_write(const struct drm_puck_array *array, const void *elements, u32 count,
		     size_t size, size_t first_size)
{
	size_t bytes = min_t(size_t, size, array->stride);
	const u8 *element = elements;
	u8 __user *user;
	u32 i;

	if (!puck_array_is_sane(array, first_size))
		return -EINVAL;
	if (WARN_ON_ONCE(count > array->count))
		return -EINVAL;
	if (!puck_array_address(array, &user))
		return -EFAULT;

	for (i = 0; i < count; i++, element += size, user += array->stride) {
		if (copy_to_user(user, element, bytes) ||
		    clear_user(user + bytes, array->stride - bytes))
			return -EFAULT;
		cond_resched();
	}
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(puck_array_write);
