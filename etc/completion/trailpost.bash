# Completion of trailpost for bash, written by make conf.
_trailpost()
{
	local line=${COMP_LINE:0:COMP_POINT} words= command= w
	local cur=${line##*[[:blank:]]} before
	before=${line%"$cur"}
	before=${before%"${before##*[![:blank:]]}"}
	before=${before##*[[:blank:]]}
	for w in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		case $w in check|health|cat|backfill|dlq|help) command=$w ;; esac
	done
	case $before:$cur in
	-c:*) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return ;;
	-o:*=*) _trailpost_value "$cur"; return ;;
	-o:*) compopt -o nospace; words='queue_url= region= assume_role_arn= assume_role_external_id= assume_role_session_name= dassana_endpoint= dassana_app_id= dassana_token= dassana_token_file= key_include= key_exclude= cloudtrail_folders_only= event_include= event_exclude= s3_path_style= s3_concurrency= max_messages= max_parked= visibility_timeout= redeliver_after= batch_max_bytes= batch_max_events= batch_max_delay= buffer_max_bytes= delivery_concurrency= gzip_level= dassana_rate_limit= max_record_bytes= remember_objects= connect_timeout= post_timeout= stall_timeout= shutdown_timeout= verify_doc_count= accept_any_2xx= allow_plain_http= endpoint_url= endpoint_url_sqs= endpoint_url_s3= endpoint_url_sts= use_fips_endpoint= use_dualstack_endpoint= ca_file= allow_tls_key_log= log_format= log_level= admin_listen= admin_hosts=' ;;
	*:--print-completion=*) cur=${cur#*=}; words='bash zsh fish' ;;
	*:--print-options=*) cur=${cur#*=}; words='mdoc markdown' ;;
	*:--help=*) cur=${cur#*=}; words=settings ;;
	*) case $command in
		check) words='-c -o -v --object= --peek --send-one --backfill= --json --help --version' ;;
		health) words='-c -o -v --live --ready --help --version' ;;
		cat) words='-o --summary --help --version' ;;
		backfill) words='-c -o -v --json --from= --to= --account= --region= --organization= --any-key --dry-run --yes --max-waiting= --after= --state= --profile= --help --version' ;;
		dlq) words='-c -o -v --json --profile= --only= --help --version' ;;
		help) words='--help --version settings check health cat backfill dlq help' ;;
		*) words='check health cat backfill dlq help -c -o -v --print-config --print-default-config --print-options= --print-metrics --print-completion= --help --version' ;;
		esac
		if [[ $command = cat && $cur != -* ]]; then
			compopt -o filenames
			COMPREPLY=($(compgen -f -- "$cur"))
			return
		fi ;;
	esac
	COMPREPLY=($(compgen -W "$words" -- "$cur"))
	[[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace
}
# _trailpost_value KEY=BEGINNING
_trailpost_value()
{
	local words=
	case $1 in
	cloudtrail_folders_only=*) words='yes no' ;;
	s3_path_style=*) words='auto yes no' ;;
	verify_doc_count=*) words='no yes strict' ;;
	accept_any_2xx=*) words='yes no' ;;
	allow_plain_http=*) words='yes no' ;;
	use_fips_endpoint=*) words='yes no' ;;
	use_dualstack_endpoint=*) words='yes no' ;;
	allow_tls_key_log=*) words='yes no' ;;
	log_format=*) words='auto text logfmt json' ;;
	log_level=*) words='error warn info debug trace' ;;
	*_file=*) compopt -o filenames
		COMPREPLY=($(compgen -f -- "${1#*=}")); return ;;
	esac
	COMPREPLY=($(compgen -W "$words" -- "${1#*=}"))
}
complete -F _trailpost trailpost
