#!/bin/sh
# Announces objects that are in a bucket already, such as log files from before
# the queue: sends messages in the shape of S3's own notifications, which name
# ten objects each, to the queue that trailpost reads.
#
# usage: announce.sh BUCKET PREFIX QUEUE_URL [START_AFTER]
#
# In the order of the keys. Keys up to START_AFTER (and that one) are left out,
# so that a run that was broken off can be taken up again: what was announced is
# printed key by key. The AWS CLI does the work, with its credentials; they need
# s3:ListBucket and sqs:SendMessage.
set -eu
if [ $# -lt 3 ] || [ $# -gt 4 ]; then
	sed -n 's/^# usage: /usage: /p' "$0" >&2
	exit 2
fi
bucket=$1 prefix=$2 queue=$3 after=${4:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Keys come and are passed on percent-encoded, as notifications have them, so
# nothing in them needs a JSON escape.
aws s3api list-objects-v2 --bucket "$bucket" --prefix "$prefix" \
	--start-after "$after" --encoding-type url \
	--query 'Contents[].[Key]' --output text >"$work/keys"
[ "$(cat "$work/keys")" != None ] || : >"$work/keys"

# A line is what one call sends: its keys, a tab, ten messages of ten objects.
awk -v bucket="$bucket" '
function record(key) {
	return "{\\\"eventVersion\\\":\\\"2.1\\\"," \
		"\\\"eventSource\\\":\\\"aws:s3\\\"," \
		"\\\"eventName\\\":\\\"ObjectCreated:Put\\\"," \
		"\\\"s3\\\":{\\\"bucket\\\":{\\\"name\\\":\\\"" bucket "\\\"}," \
		"\\\"object\\\":{\\\"key\\\":\\\"" key "\\\"}}}"
}
function message() {
	if (records != "")
		entries = entries (entries == "" ? "" : ",") "{\"Id\":\"" \
			++id "\",\"MessageBody\":\"{\\\"Records\\\":[" \
			records "]}\"}"
	records = ""
}
function call() {
	message()
	if (entries != "")
		print keys "\t[" entries "]"
	entries = keys = ""
	id = 0
}
{
	records = records (records == "" ? "" : ",") record($0)
	keys = keys (keys == "" ? "" : " ") $0
	if (++n % 10 == 0)
		message()
	if (n % 100 == 0)
		call()
}
END { call() }' "$work/keys" >"$work/calls"

tab=$(printf '\t')
while IFS=$tab read -r keys entries; do
	printf '%s' "$entries" >"$work/entries"
	# shellcheck disable=SC2016
	failed=$(aws sqs send-message-batch --queue-url "$queue" \
		--entries "file://$work/entries" \
		--query 'length(Failed || `[]`)' --output text)
	if [ "$failed" != 0 ]; then
		echo "announce: SQS refused $failed of a batch's messages" >&2
		exit 1
	fi
	echo "$keys" | tr ' ' '\n'
done <"$work/calls"
