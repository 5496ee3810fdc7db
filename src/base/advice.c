#include "base/advice.h"

#include "base/mem.h"

static const char *const texts[] = {
    [CAUSE_NONE] = "",
    [CAUSE_NO_CREDS] = "there are no credentials to sign with",
    [CAUSE_BAD_CREDS] =
	"the credentials are expired or wrong, or this host's clock is",
    [CAUSE_WRONG_REGION] = "set region, or endpoint_url_s3, to where it is",

    [CAUSE_QUEUE_DENIED] = "grant sqs:ReceiveMessage, sqs:DeleteMessage and "
			   "sqs:ChangeMessageVisibility on the queue",
    [CAUSE_QUEUE_KEY] = "the queue is encrypted: grant kms:Decrypt on its key",
    [CAUSE_QUEUE_MISSING] = "check queue_url: its account, region and name",
    [CAUSE_QUEUE_UNREACHED] =
	"SQS cannot be reached: check queue_url's region, endpoint_url_sqs, "
	"the name server, routes, firewall and VPC endpoint, the proxy, and "
	"ca_file",
    [CAUSE_QUEUE_TROUBLE] = "it passes by itself; if it goes on, run trailpost "
			    "check: something between us and SQS is in the way",
    [CAUSE_QUEUE_IN_FLIGHT] = "too many messages of this queue are in flight; "
			      "it goes on as they are deleted",
    [CAUSE_QUEUE_TOO_LARGE] =
	"these messages are too large to be taken in at once: they are asked "
	"for one by one, and one that is still too large is left to the "
	"dead-letter queue",

    [CAUSE_OBJECT_DENIED] =
	"if only some keys are refused they are probably gone; otherwise grant "
	"s3:GetObject (and s3:GetObjectVersion) on the bucket's objects, and "
	"kms:Decrypt on its key if it is encrypted with one",
    [CAUSE_OBJECT_ARCHIVED] = "the object is archived: restore it, then "
			      "redrive its message from the dead-letter queue",
    [CAUSE_OBJECT_GONE] = "the object was removed before it could be read: "
			  "does a life-cycle rule expire it too early?",
    [CAUSE_VERSION_GONE] = "the version was removed before it could be read",
    [CAUSE_BUCKET_GONE] = "is this queue fed by a bucket that is gone?",
    [CAUSE_OBJECT_CHANGED] = "something overwrites log files while they are "
			     "read; the message comes back",
    [CAUSE_S3_UNREACHED] =
	"S3 cannot be reached: check endpoint_url_s3, the name server, routes, "
	"firewall and VPC endpoint, the proxy, and ca_file",
    [CAUSE_S3_TROUBLE] =
	"it passes, or something between us and S3 is in the way",
    [CAUSE_S3_BUSY] =
	"S3 asks for fewer requests: lower s3_concurrency if it goes on",

    [CAUSE_CALL_DENIED] = "grant {1} on {2}; of another account's also in its "
			  "own policy, where no Deny may stand either",
    [CAUSE_CALL_TROUBLE] = "AWS is in trouble: try again",
    [CAUSE_CALL_BUSY] = "too many requests at the moment: try again",
    [CAUSE_CALL_CREDS] = "the credentials are wrong, expired or of another "
			 "partition, or this host's clock is wrong",
    [CAUSE_CALL_WRONG_REGION] = "it is in another region than the one asked, "
				"and not in one of this partition",
    [CAUSE_CALL_MISSING] =
	"there is no {1}: check its name, account and region",
    [CAUSE_NO_OBJECT] = "the bucket has no such object: check the key, and "
			"whether a life-cycle rule has removed it",
    [CAUSE_NO_VERSION] = "the object has no such version any more: does a "
			 "life-cycle rule remove it?",
    [CAUSE_NO_BUCKET] =
	"check the bucket's name, and whether it is in this partition",

    [CAUSE_KEY_DENIED] = "grant {1} on {2}, in the key's policy too if that is "
			 "in another account",
    [CAUSE_KEY_OF_DENIED] = "grant {1} on the key that encrypts {2}, in the "
			    "key's policy too if that is in another account",
    [CAUSE_KEY_DISABLED] = "the key is disabled: enable it",
    [CAUSE_KEY_UNUSABLE] = "the key is not usable as it is, perhaps pending "
			   "deletion: cancel that, or enable it",
    [CAUSE_KEY_MISSING] =
	"the key does not exist any more, or is in another region",
    [CAUSE_KEY_UNFIT] = "the key is not one for encryption",

    [CAUSE_HOST_UNKNOWN] = "check the resolver and the region for the host {1}",
    [CAUSE_HOST_UNTRUSTED] = "check ca_file or AWS_CA_BUNDLE, this host's "
			     "clock, and who answers as {1}",
    [CAUSE_HOST_UNREACHED] = "check the route, the firewall or security group, "
			     "and HTTPS_PROXY and NO_PROXY, for {1}",

    [CAUSE_CREDS_UNREADABLE] = "let the user that trailpost runs as read it",
    [CAUSE_CREDS_NO_FILE] =
	"see whether the path is right, and whether the file is put there",
    [CAUSE_CREDS_BAD_PROFILES] =
	"put that file right, and let the user that trailpost runs as read it",
    [CAUSE_CREDS_BROKEN] = "copy them again",
    [CAUSE_CREDS_EXPIRED] = "see whether it still renews them and whether this "
			    "host's clock is right",
    [CAUSE_CREDS_PERSON] = "make another profile with credential_process = aws "
			   "configure export-credentials --profile {1} "
			   "--format process, and name it in AWS_PROFILE",
    [CAUSE_ROLE_DENIED] = "grant sts:AssumeRole on {1} to the credentials from "
			  "\"{2}\", and name them in the role's trust policy; "
			  "check the external id, if it asks for one",
    [CAUSE_ROLE_BAD_SIGNER] =
	"the credentials from \"{1}\" are wrong, expired or of another "
	"partition, or this host's clock is wrong",
    [CAUSE_ROLE_NO_REGION] = "switch STS on for this region in the account's "
			     "settings, or set endpoint_url_sts",
    [CAUSE_WEB_DENIED] =
	"the trust policy of {1} must allow sts:AssumeRoleWithWebIdentity to "
	"this token's issuer, subject and audience",
    [CAUSE_WEB_EXPIRED] =
	"the token in the file has expired: see whether it is still renewed",
    [CAUSE_WEB_INVALID] =
	"the account of the role needs an IAM identity provider (OIDC) for the "
	"token's issuer and audience, or the token is none",
    [CAUSE_WEB_REJECTED] = "the token's issuer does not stand by it any more",
    [CAUSE_AGENT_UNREACHED] =
	"see whether the agent beside the container listens where {1} leads",
    [CAUSE_AGENT_REFUSES] =
	"see whether the task or pod has a role, and whether the variables "
	"AWS_CONTAINER_* are those that it was given",
    [CAUSE_SSO_LOGIN] = "run aws sso login --profile {1}",
    [CAUSE_SSO_SERVICE_LOGIN] =
	"run aws sso login --profile {1} as the user and in the home folder of "
	"this service; better, since a service has nobody to sign in, give it "
	"a role or keys",
    [CAUSE_SSO_NO_ROLE] = "see whether sso_account_id and sso_role_name are "
			  "right, and assigned to who has signed in",
    [CAUSE_SSO_OPEN_FOLDER] = "chmod go-w {1}, and sign in again",
    [CAUSE_SSO_OPEN_FILE] = "chmod 600 {1}, and sign in again",

    [CAUSE_DASSANA_ENDPOINT] =
	"check dassana_endpoint: this is not how Dassana's ingestion answers",
    [CAUSE_DASSANA_TOKEN] =
	"check that the token is the one shown by Dassana and switched on; a "
	"new token may need 5 minutes until it works",
    [CAUSE_DASSANA_PROXY] =
	"check the proxy settings in the environment of this process",
    [CAUSE_DASSANA_NAME] =
	"check the host name in dassana_endpoint, and the resolver",
    [CAUSE_DASSANA_PATH] =
	"check dassana_endpoint, firewalls and proxies on the way to it",
    [CAUSE_DASSANA_TLS] = "check dassana_endpoint, the clock of this host and "
			  "ca_file: the certificate must be valid for that "
			  "name and signed by a trusted authority",
    [CAUSE_DASSANA_SLOW] =
	"if it goes on: raise post_timeout or lower batch_max_bytes",
    [CAUSE_DASSANA_RATE] = "the limit is per App ID and hour; nothing is lost, "
			   "the rest waits in the queue",
    [CAUSE_DASSANA_BATCH] = "lower batch_max_bytes, or raise the limit of the "
			    "proxy that answers so",
    [CAUSE_DASSANA_EVENTS] = "see the reply; the messages are not deleted and "
			     "go to the dead-letter queue if there is one",
    [CAUSE_DASSANA_UNCOUNTED] =
	"see the reply: if this endpoint takes events without counting them, "
	"set verify_doc_count = no; otherwise check dassana_endpoint",
    [CAUSE_DASSANA_NONE_TAKEN] =
	"check dassana_app_id and the format of the events; if this endpoint "
	"always answers docCount 0, set verify_doc_count = no",
    [CAUSE_DASSANA_FAILURE] =
	"see the reply; what answers there may not be Dassana",
};
_Static_assert(sizeof texts / sizeof *texts == CAUSES, "each has its text");

const char *
advice_of(enum cause why)
{
	CHECK(why < CAUSES && texts[why] != NULL);
	return texts[why];
}

void
advice_add(
    struct buf *out, enum cause why, struct span first, struct span second)
{
	struct span rest = span_str(advice_of(why));
	struct buf text;

	buf_init(&text, out->max);
	while (rest.n > 0) {
		buf_span(&text, span_cut(&rest, '{'));
		if (rest.n > 0)
			buf_span(&text, span_is(span_cut(&rest, '}'), "1")
					    ? first
					    : second);
	}
	if (text.err == ERR_OK)
		buf_span(out, buf_view(&text));
	buf_fini(&text);
}
