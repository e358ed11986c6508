/*
 * Words of a summary's two documents, for summary_write.c and summary_read.c, which know their
 * order. Only proto/summary/ includes this.
 */
#ifndef HALLMARK_PROTO_SUMMARY_SUMMARY_FORMAT_H
#define HALLMARK_PROTO_SUMMARY_SUMMARY_FORMAT_H

#define PAYLOAD_TYPE "application/vnd.in-toto+json"

#define TO_WORKLOAD  "{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[{\"name\":"
#define TO_ARTIFACT  ",\"digest\":{\"sha256\":"
#define TO_FORM      "},\"annotations\":{\"hallmark.artifact\":"
#define TO_COLLECTOR ",\"hallmark.collector\":"
#define TO_LOG       ",\"hallmark.log\":"
#define TO_INDEX     ",\"hallmark.index\":"
#define TO_LEAF      ",\"hallmark.leaf\":"
#define TO_STATUS    ",\"hallmark.status\":"
#define TO_VERIFIER                                                                                \
	"}}],\"predicateType\":\"https://slsa.dev/verification_summary/v1\",\"predicate\":{"       \
	"\"verifier\":{\"id\":"
#define TO_DEVELOPER     ",\"version\":{"
#define TO_BUILD         ":"
#define TO_TIME          "}},\"timeVerified\":"
#define TO_RESOURCE      ",\"resourceUri\":"
#define TO_POLICY        ",\"policy\":{\"uri\":"
#define TO_POLICY_DIGEST ",\"digest\":{\"sha256\":"
#define TO_REPORT        "}},\"inputAttestations\":[{\"digest\":{\"sha256\":"
#define TO_RESULT        "}}],\"verificationResult\":"

/* What SLSA wants to hear of its own levels: none was looked at; or that it failed. */
#define RESULT_PASSED "\"PASSED\",\"verifiedLevels\":[\"SLSA_BUILD_LEVEL_UNEVALUATED\"]}}"
#define RESULT_FAILED "\"FAILED\",\"verifiedLevels\":[\"FAILED\"]}}"

#endif
