/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-iommu: which buses it is in charge of, and an address space for each
 * requester on them.
 */

#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "qemu/rcu.h"
#include "qapi/error.h"
#include "hw/pci/pci.h"
#include "hw/pci/pci_bridge.h"
#include "hw/pci/pci_bus.h"
#include "system/dma.h"
#include "device.h"
#include "space.h"
#include "translate.h"

/* What a notifier costs, in ns as estimated: vhost makes a system call. */
#define COST_NOTIFY     10000

typedef struct BusSearch {
    const char *name;
    PCIBus *bus;
    unsigned found;
} BusSearch;

static int bus_search(Object *obj, void *opaque)
{
    BusSearch *search = opaque;

    if (object_dynamic_cast(obj, TYPE_PCI_BUS) &&
        !g_strcmp0(BUS(obj)->name, search->name)) {
        search->bus = PCI_BUS(obj);
        search->found++;
    }
    return 0;
}

static PCIBus *find_bus(const char *name, Error **errp)
{
    BusSearch search = { .name = name };

    object_child_foreach_recursive(object_get_root(), bus_search, &search);
    if (!search.found) {
        error_setg(errp, "buses: there is no PCI bus '%s'", name);
        error_append_hint(errp, "puck-iommu has to come after the device that "
                          "makes the bus.\n");
        return NULL;
    }
    if (search.found > 1) {
        error_setg(errp, "buses: several PCI buses are called '%s'", name);
        return NULL;
    }
    if (search.bus->iommu_ops) {
        error_setg(errp, "buses: '%s' is in the charge of another IOMMU",
                   name);
        return NULL;
    }
    return search.bus;
}

static guint space_hash(gconstpointer v)
{
    const PuckSpace *space = v;

    return g_direct_hash(space->bus) * 31 + space->devfn;
}

static gboolean space_equal(gconstpointer a, gconstpointer b)
{
    const PuckSpace *x = a, *y = b;

    return x->bus == y->bus && x->devfn == y->devfn;
}

/* No device has the space: none has got it yet, or all of them are gone. */
static void space_free(gpointer v)
{
    PuckSpace *space = v;

    address_space_destroy(&space->as);
    object_unparent(OBJECT(&space->mr));
    /* address_space_destroy() has left work to RCU, which comes before this. */
    g_free_rcu(space, rcu);
}

/*
 * Whether @bus is below a bus in our charge by bridges alone. The root bus of a
 * pxb-pcie is not: its bus numbers lie outside every SCOPE register.
 */
static bool in_charge(PuckIOMMU *s, PCIBus *bus)
{
    unsigned i;

    for (;;) {
        for (i = 0; i < s->charge_count; i++) {
            if (s->charge[i] == bus) {
                return true;
            }
        }
        if (pci_bus_is_root(bus) || !bus->parent_dev) {
            return false;
        }
        bus = pci_get_bus(bus->parent_dev);
    }
}

/* PCI asks for the address space of a requester, under the BQL. */
static AddressSpace *get_address_space(PCIBus *bus, void *opaque, int devfn)
{
    PuckIOMMU *s = opaque;
    PuckSpace key = { .bus = bus, .devfn = devfn };
    PuckSpace *space = g_hash_table_lookup(s->spaces, &key);
    PCIDevice *dev = bus->devices[devfn];
    g_autofree char *name = NULL;

    if (space) {
        return &space->as;
    }
    /*
     * A puck-iommu does not translate for any puck-iommu, itself above all:
     * each reads its tables under its lock, and two that translated for each
     * other would wait for each other.
     */
    if (!in_charge(s, bus) ||
        (dev && object_dynamic_cast(OBJECT(dev), TYPE_PUCK_IOMMU))) {
        return &address_space_memory;
    }

    space = g_new0(PuckSpace, 1);
    space->iommu = s;
    space->bus = bus;
    space->devfn = devfn;
    name = g_strdup_printf("puck-iommu-%s-%02x.%x", BUS(bus)->name,
                           PCI_SLOT(devfn), PCI_FUNC(devfn));
    memory_region_init_iommu(&space->mr, sizeof(space->mr),
                             TYPE_PUCK_IOMMU_MEMORY_REGION, OBJECT(s), name,
                             UINT64_MAX);
    address_space_init(&space->as, MEMORY_REGION(&space->mr), name);
    g_hash_table_add(s->spaces, space);
    return &space->as;
}

static const PCIIOMMUOps iommu_ops = {
    .get_address_space = get_address_space,
};

uint16_t puck_space_rid(PuckSpace *space)
{
    return PCI_BUILD_BDF(pci_bus_num(space->bus), space->devfn);
}

uint32_t puck_iommu_scope(PuckIOMMU *s, unsigned n)
{
    int first, last;
    PCIBus *bus;

    if (n >= s->charge_count) {
        return 0;
    }
    bus = s->charge[n];
    pci_bus_range(bus, &first, &last);
    if (!pci_bus_is_root(bus)) {
        /* All that the bridge forwards, plugged in already or not. */
        last = MAX(last, bus->parent_dev->config[PCI_SUBORDINATE_BUS]);
        if (!first) {
            return 0;       /* not numbered yet */
        }
    }
    return PUCK_IOMMU_SCOPE_VALID | first |
           last << ctz32(PUCK_IOMMU_SCOPE_BUS_LAST);
}

/* The smallest aligned block that holds [@first, @last]: its size - 1. */
static uint64_t block_mask(uint64_t first, uint64_t last)
{
    uint64_t differs = (first ^ last) | PUCK_MASK_4K;

    return UINT64_MAX >> clz64(differs);
}

/*
 * One event a requester, however large and crooked the range is: who caches
 * translations may lose more than it has to.
 */
void puck_iommu_notify_unmap(PuckIOMMU *s, uint64_t iova, uint64_t size,
                             PuckHold *hold)
{
    uint64_t mask = block_mask(iova, iova + size - 1);
    GHashTableIter iter;
    gpointer key;

    g_assert(bql_locked());
    if (!s->notifiers) {
        return;
    }
    g_hash_table_iter_init(&iter, s->spaces);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        PuckSpace *space = key;
        IOMMUTLBEvent event = {
            .type = IOMMU_NOTIFIER_UNMAP,
            .entry = {
                .target_as = &address_space_memory,
                .iova = iova & ~mask,
                .addr_mask = mask,
                .perm = IOMMU_NONE,
            },
        };

        if (space->notify) {
            memory_region_notify_iommu(&space->mr, 0, event);
            if (hold) {
                puck_hold_charge(hold, COST_NOTIFY);
            }
        }
    }
}

bool puck_iommu_take_charge(PuckIOMMU *s, Error **errp)
{
    g_auto(GStrv) names = g_strsplit(s->buses ? s->buses : "", ":", -1);
    unsigned count = g_strv_length(names);
    unsigned i, j;

    if (!count || count > PUCK_IOMMU_SCOPE_MAX) {
        error_setg(errp, "buses: name 1 to %d PCI buses, separated by ':'",
                   PUCK_IOMMU_SCOPE_MAX);
        return false;
    }
    for (i = 0; i < count; i++) {
        s->charge[i] = find_bus(names[i], errp);
        if (!s->charge[i]) {
            return false;
        }
        for (j = 0; j < i; j++) {
            if (s->charge[j] == s->charge[i]) {
                error_setg(errp, "buses: '%s' is named twice", names[i]);
                return false;
            }
        }
    }

    s->charge_count = count;
    s->spaces = g_hash_table_new_full(space_hash, space_equal, space_free,
                                      NULL);
    for (i = 0; i < count; i++) {
        pci_setup_iommu(s->charge[i], &iommu_ops, s);
    }
    return true;
}

void puck_iommu_leave_charge(PuckIOMMU *s)
{
    unsigned i;

    for (i = 0; i < s->charge_count; i++) {
        s->charge[i]->iommu_ops = NULL;
        s->charge[i]->iommu_opaque = NULL;
    }
    s->charge_count = 0;
    g_clear_pointer(&s->spaces, g_hash_table_destroy);
}
