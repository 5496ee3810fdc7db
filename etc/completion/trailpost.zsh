#compdef trailpost
# Completion of trailpost for zsh, written by make conf.
_trailpost_settings()
{
	local -a keys
	if compset -P '*='; then
		case $IPREFIX in
		*cloudtrail_folders_only=) compadd yes no ;;
		*s3_path_style=) compadd auto yes no ;;
		*verify_doc_count=) compadd no yes strict ;;
		*accept_any_2xx=) compadd yes no ;;
		*allow_plain_http=) compadd yes no ;;
		*use_fips_endpoint=) compadd yes no ;;
		*use_dualstack_endpoint=) compadd yes no ;;
		*allow_tls_key_log=) compadd yes no ;;
		*log_format=) compadd auto text logfmt json ;;
		*log_level=) compadd error warn info debug trace ;;
		*) _files ;;
		esac
		return
	fi
	keys=(queue_url= region= assume_role_arn= assume_role_external_id= assume_role_session_name= dassana_endpoint= dassana_app_id= dassana_token= dassana_token_file= key_include= key_exclude= cloudtrail_folders_only= event_include= event_exclude= s3_path_style= s3_concurrency= max_messages= max_parked= visibility_timeout= redeliver_after= batch_max_bytes= batch_max_events= batch_max_delay= buffer_max_bytes= delivery_concurrency= gzip_level= dassana_rate_limit= max_record_bytes= remember_objects= connect_timeout= post_timeout= stall_timeout= shutdown_timeout= verify_doc_count= accept_any_2xx= allow_plain_http= endpoint_url= endpoint_url_sqs= endpoint_url_s3= endpoint_url_sts= use_fips_endpoint= use_dualstack_endpoint= ca_file= allow_tls_key_log= log_format= log_level= admin_listen= admin_hosts=)
	compadd -S '' -- $keys
}
_trailpost()
{
	local -a options
	local command=
	local w
	for w in ${words[2,CURRENT-1]}; do
		case $w in check|health|cat|help) command=$w ;; esac
	done
	case $command in
	check) options=(
		'-c[read settings from FILE]:file:_files'
		'*-o[one setting; wins over all other sources]:setting:_trailpost_settings'
		'*-v[log more; -vv for all there is]'
		'--object=[read the beginning of this object]:value:'
		'--peek[receive one message, which costs it a receive]'
		'--send-one[send its first event to Dassana, and show the answer]'
		'--backfill=[whether a backfill may list it, and send]:value:'
		'--json[report in JSON]'
		'--help=-[this, or all settings]::about:(settings)'
		'--version[the version]'
		'1:command:(check)'
		) ;;
	health) options=(
		'-c[read settings from FILE]:file:_files'
		'*-o[one setting; wins over all other sources]:setting:_trailpost_settings'
		'*-v[log more; -vv for all there is]'
		'--live[whether it lives]'
		'--ready[whether it can do its work]'
		'--help=-[this, or all settings]::about:(settings)'
		'--version[the version]'
		'1:command:(health)'
		) ;;
	cat) options=(
		'*-o[one setting; wins over all other sources]:setting:_trailpost_settings'
		'--summary[which kinds of events make up how much]'
		'--help=-[this, or all settings]::about:(settings)'
		'--version[the version]'
		'*:file:_files'
		) ;;
	backfill) options=(
		'-c[read settings from FILE]:file:_files'
		'*-o[one setting; wins over all other sources]:setting:_trailpost_settings'
		'*-v[log more; -vv for all there is]'
		'--json[report in JSON]'
		'--from=[what CloudTrail wrote from then on (UTC)]:value:'
		'--to=[and before this]:value:'
		'--account=[of this account alone; several may be given]:value:'
		'--region=[of this region alone; several may be given]:value:'
		'--organization=[of this organisation (o-…) alone]:value:'
		'--any-key[whatever the layout, by LastModified]'
		'--dry-run[count, and send nothing]'
		'--yes[do not ask before it sends]'
		'--max-waiting=[let so many messages wait in the queue]:value:'
		'--after=[go on behind this key]:value:'
		'--state=[keep in FILE how far it has come]:value:'
		'--profile=[credentials of this AWS profile]:value:'
		'--help=-[this, or all settings]::about:(settings)'
		'--version[the version]'
		) ;;
	dlq) options=(
		'-c[read settings from FILE]:file:_files'
		'*-o[one setting; wins over all other sources]:setting:_trailpost_settings'
		'*-v[log more; -vv for all there is]'
		'--json[report in JSON]'
		'--profile=[credentials of this AWS profile]:value:'
		'--only=[redrive what has this cause, as dlq list names it]:value:'
		'--help=-[this, or all settings]::about:(settings)'
		'--version[the version]'
		) ;;
	help) options=(
		'--help=-[this, or all settings]::about:(settings)'
		'--version[the version]'
		'*:about:(settings check health cat)'
		) ;;
	*) options=(
		'-c[read settings from FILE]:file:_files'
		'*-o[one setting; wins over all other sources]:setting:_trailpost_settings'
		'*-v[log more; -vv for all there is]'
		'--print-config[the settings in force, and whence]'
		'--print-default-config[a settings file with the defaults]'
		'--print-options=[the settings as mdoc or markdown]:format:(mdoc markdown)'
		'--print-metrics[what /metrics tells, as Markdown]'
		'--print-completion=[completion for bash, zsh or fish]:shell:(bash zsh fish)'
		'--help=-[this, or all settings]::about:(settings)'
		'--version[the version]'
		'1:command:(check health cat help)'
		) ;;
	esac
	_arguments -s $options
}
_trailpost "$@"
