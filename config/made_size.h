/*
 * What a component says of how it was made is bounded (COMPONENT_MADE_SIZE_MAX), and lists of a
 * configuration stand there whole: each of their texts takes these bytes beside its own, for its
 * header and its longest name, "environment=".
 */
#ifndef HALLMARK_CONFIG_MADE_SIZE_H
#define HALLMARK_CONFIG_MADE_SIZE_H

#define MADE_HEADER_SIZE 16

#endif
