/*
 * Component `packages`: what the package managers have installed below the process's root
 * directory where it has one of its own, else below the collector's (measure_root.h). A fact for
 * each manager that is there, `dpkg`, `rpm`, `apk`, in the form of
 * collector/packages/package_list.h. Where there is none, or one cannot be read, the component is
 * an error: it was asked for and cannot be had.
 */
#ifndef HALLMARK_COLLECTOR_MEASURE_MEASURE_PACKAGES_H
#define HALLMARK_COLLECTOR_MEASURE_MEASURE_PACKAGES_H

#include "collector/measure/measure_context.h"

measure_function measure_packages;

#endif
