-- Files that a provider fetches from an address of ours: the address stands where others keep an id.
CREATE INDEX media_lent ON media (provider_id) WHERE state = 'kept';
