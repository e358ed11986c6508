/*
 * Words of a statement's two documents, for statement_write.c and statement_parse.c, which know
 * their order. Only proto/statement/ includes this.
 */
#ifndef HALLMARK_PROTO_STATEMENT_STATEMENT_FORMAT_H
#define HALLMARK_PROTO_STATEMENT_STATEMENT_FORMAT_H

#define PAYLOAD_TYPE "application/vnd.hallmark.statement+json"

#define PAYLOAD_KIND       "{\"hallmark.statement\":"
#define PAYLOAD_ORIGIN     ",\"origin\":"
#define PAYLOAD_SUBJECT    ",\"subject\":{"
#define PAYLOAD_NOT_BEFORE "},\"not-before\":"
#define PAYLOAD_NOT_AFTER  ",\"not-after\":"
#define PAYLOAD_REASON     ",\"reason\":"
#define PAYLOAD_AUTHOR     ",\"author\":"
#define PAYLOAD_NUMBER     ",\"number\":"
#define PAYLOAD_EXTENSIONS ",\"hallmark.extensions\":"

#endif
