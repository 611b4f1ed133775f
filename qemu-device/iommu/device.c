/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-iommu: the PCI function: options, realize, reset.
 */

#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/lockable.h"
#include "qemu/module.h"
#include "qapi/error.h"
#include "hw/pci/msix.h"
#include "hw/pci/pci.h"
#include "migration/vmstate.h"
#include "hw/puck/common/trace.h"
#include "cmdq.h"
#include "context.h"
#include "device.h"
#include "irq.h"
#include "translate.h"
#include "vmstate.h"

#define PCI_CLASS_IOMMU     0x0806
#define EXPRESS_CAP_OFFSET  0x80

void puck_iommu_reset_locked(PuckIOMMU *s)
{
    trace_puck_iommu_reset();
    qatomic_set(&s->translating, false);
    s->regs = (PuckIOMMURegs) { };
    if (s->audit) {
        s->regs.ctrl = PUCK_IOMMU_CTRL_AUDIT;
    }
    puck_tlb_inv_all(&s->iotlb);
    puck_context_drop_all_locked(s);
    qatomic_set(&s->irq_pending, 0);
    puck_cmdq_stop_locked(s);
    puck_invalidator_reset_locked(s);
    puck_msi_stage_reset(&s->messages);
    puck_mischief_window_reset(&s->window);
}

/*
 * In the last phase, when all devices in charge have been stopped: off, the
 * IOMMU would let what is left of their DMA pass to whatever is there.
 */
static void puck_iommu_reset_exit(Object *obj, ResetType type)
{
    PuckIOMMU *s = PUCK_IOMMU(obj);

    WITH_QEMU_LOCK_GUARD(&s->lock) {
        puck_iommu_reset_locked(s);
    }
    puck_iommu_notify_unmap(s, 0, 1ull << PUCK_IOMMU_IOVA_BITS, NULL);
}

static void puck_iommu_free(PuckIOMMU *s)
{
    puck_cmdq_exit(s);
    puck_invalidator_exit(s);
    puck_translate_exit(s);
    puck_context_drop_all_locked(s);
    puck_tlb_destroy(&s->iotlb);
    qemu_mutex_destroy(&s->lock);
    puck_iommu_irq_exit(s);
}

static void puck_iommu_realize(PCIDevice *pdev, Error **errp)
{
    PuckIOMMU *s = PUCK_IOMMU(pdev);

    if (!s->iotlb_entries || s->iotlb_entries > PUCK_TLB_ENTRIES_MAX) {
        error_setg(errp, "iotlb-entries: 1 to %d", PUCK_TLB_ENTRIES_MAX);
        return;
    }

    pdev->config[PCI_INTERRUPT_PIN] = 0;
    puck_iommu_regs_init(s);
    if (pci_bus_is_express(pci_get_bus(pdev)) &&
        pcie_endpoint_cap_init(pdev, EXPRESS_CAP_OFFSET) < 0) {
        error_setg(errp, "no room for the PCI Express capability");
        return;
    }
    if (msix_init_exclusive_bar(pdev, PUCK_IOMMU_NUM_VECS,
                                PUCK_IOMMU_BAR_MSIX, errp)) {
        return;
    }
    for (unsigned v = 0; v < PUCK_IOMMU_NUM_VECS; v++) {
        msix_vector_use(pdev, v);
    }

    qemu_mutex_init(&s->lock);
    puck_tlb_init(&s->iotlb, s->iotlb_entries, PUCK_SHIFT_2M);
    puck_iommu_irq_init(s);
    puck_translate_init(s);
    puck_invalidator_init(s);
    puck_mischief_init();
    puck_cmdq_init(s);

    /* Last: from here on other devices hold on to us. */
    if (!puck_iommu_take_charge(s, errp)) {
        puck_iommu_free(s);
        msix_uninit_exclusive_bar(pdev);
    }
}

/*
 * The device is not hot-pluggable, so this runs only when a later step of its
 * realize fails.
 */
static void puck_iommu_exit(PCIDevice *pdev)
{
    PuckIOMMU *s = PUCK_IOMMU(pdev);

    puck_iommu_leave_charge(s);
    puck_iommu_free(s);
    msix_uninit_exclusive_bar(pdev);
}

/* The policy is made by an option, perhaps of a device that is not realized. */
static void puck_iommu_finalize(Object *obj)
{
    puck_policy_destroy(&PUCK_IOMMU(obj)->policy);
}

static const Property puck_iommu_properties[] = {
    DEFINE_PROP_STRING("buses", PuckIOMMU, buses),
    DEFINE_PROP_UINT32("iotlb-entries", PuckIOMMU, iotlb_entries, 1024),
    DEFINE_PROP_BOOL("audit", PuckIOMMU, audit, false),
    DEFINE_PROP_BOOL("x-messages-within", PuckIOMMU, messages_within, false),
};

static void puck_iommu_class_init(ObjectClass *klass,
                                  PUCK_CONST_10_1 void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *k = PCI_DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    k->realize = puck_iommu_realize;
    k->exit = puck_iommu_exit;
    k->vendor_id = PUCK_IOMMU_PCI_VENDOR;
    k->device_id = PUCK_IOMMU_PCI_DEVICE;
    k->revision = PUCK_IOMMU_PCI_REVISION;
    k->class_id = PCI_CLASS_IOMMU;
    rc->phases.exit = puck_iommu_reset_exit;
    dc->desc = "IOMMU for the PCI buses it is put in charge of";
    dc->vmsd = &vmstate_puck_iommu;
    dc->hotpluggable = false;
    device_class_set_props(dc, puck_iommu_properties);
    puck_policy_add_property(klass);
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
}

static const TypeInfo puck_iommu_types[] = {
    {
        .name = TYPE_PUCK_IOMMU,
        .parent = TYPE_PCI_DEVICE,
        .instance_size = sizeof(PuckIOMMU),
        .instance_finalize = puck_iommu_finalize,
        .class_init = puck_iommu_class_init,
        .interfaces = (PUCK_CONST_10_1 InterfaceInfo[]) {
            { INTERFACE_PCIE_DEVICE },
            { }
        },
    },
};

DEFINE_TYPES(puck_iommu_types)
