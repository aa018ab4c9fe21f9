update whatsapp_instances
set instance_name = 'Revoluna', status = 'ativa', updated_at = now()
where id = 1;
