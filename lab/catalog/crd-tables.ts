/** The names of the custom resources each chart brings, as the charts themselves declare them. */
import type { KubeObject } from '../world/types.ts';
import { crds, type CrdOptions } from './crd.ts';

export function certManagerCrds(options: CrdOptions = {}): KubeObject[] {
  return [
    ...crds('acme.cert-manager.io', `
      Challenge challenges v1
      Order orders v1`, options),
    ...crds('cert-manager.io', `
      CertificateRequest certificaterequests v1 short=cr,crs cols=ready,status,age
      Certificate certificates v1 short=cert,certs cols=ready,secret,status,age
      ClusterIssuer clusterissuers v1 Cluster short=ciss cols=ready,status,age
      Issuer issuers v1 short=iss cols=ready,status,age`, options),
  ];
}

export function externalSecretsCrds(options: CrdOptions = {}): KubeObject[] {
  return [
    ...crds('external-secrets.io', `
      ClusterExternalSecret clusterexternalsecrets v1 Cluster short=ces cols=store,refresh,ready,age
      ClusterPushSecret clusterpushsecrets v1alpha1 Cluster
      ClusterSecretStore clustersecretstores v1,v1beta1! Cluster short=css cols=age,reason,capabilities,ready
      ExternalSecret externalsecrets v1,v1beta1! short=es cols=store,refresh,reason,ready,age
      PushSecret pushsecrets v1alpha1 short=ps cols=age,reason
      SecretStore secretstores v1,v1beta1! short=ss cols=age,reason,capabilities,ready`, options),
    ...crds('generators.external-secrets.io', `
      ACRAccessToken acraccesstokens v1alpha1
      CloudsmithAccessToken cloudsmithaccesstokens v1alpha1
      ClusterGenerator clustergenerators v1alpha1 Cluster
      ECRAuthorizationToken ecrauthorizationtokens v1alpha1
      Fake fakes v1alpha1
      GCRAccessToken gcraccesstokens v1alpha1
      GeneratorState generatorstates v1alpha1
      GithubAccessToken githubaccesstokens v1alpha1
      Grafana grafanas v1alpha1
      MFA mfas v1alpha1
      Password passwords v1alpha1
      QuayAccessToken quayaccesstokens v1alpha1
      SSHKey sshkeys v1alpha1
      STSSessionToken stssessiontokens v1alpha1
      UUID uuids v1alpha1
      VaultDynamicSecret vaultdynamicsecrets v1alpha1
      Webhook webhooks v1alpha1`, options),
  ];
}

export function victoriaMetricsCrds(options: CrdOptions = {}): KubeObject[] {
  return crds('operator.victoriametrics.com', `
    VLAgent vlagents v1 cols=update,age
    VLCluster vlclusters v1 cols=age,update
    VLogs vlogs v1beta1 cols=update,age
    VLSingle vlsingles v1 cols=update,age
    VMAgent vmagents v1beta1 cols=update,age
    VMAlertmanagerConfig vmalertmanagerconfigs v1beta1 cols=age,update
    VMAlertmanager vmalertmanagers v1beta1 short=vma cols=age,update
    VMAlert vmalerts v1beta1 cols=update,age
    VMAnomaly vmanomalies v1 cols=update,age
    VMAuth vmauths v1beta1 cols=update,age
    VMCluster vmclusters v1beta1 cols=age,update
    VMNodeScrape vmnodescrapes v1beta1 cols=age,update
    VMPodScrape vmpodscrapes v1beta1 cols=age,update
    VMProbe vmprobes v1beta1 cols=age,update
    VMRule vmrules v1beta1 cols=age,update
    VMScrapeConfig vmscrapeconfigs v1beta1 cols=age,update
    VMServiceScrape vmservicescrapes v1beta1 cols=age,update
    VMSingle vmsingles v1beta1 cols=update,age
    VMStaticScrape vmstaticscrapes v1beta1 cols=age,update
    VMUser vmusers v1beta1 cols=age,update
    VTCluster vtclusters v1 cols=age,update
    VTSingle vtsingles v1 cols=update,age`, options);
}

export function prometheusCrds(options: CrdOptions = {}): KubeObject[] {
  return crds('monitoring.coreos.com', `
    AlertmanagerConfig alertmanagerconfigs v1alpha1 short=amcfg
    Alertmanager alertmanagers v1 short=am
    PodMonitor podmonitors v1 short=pmon
    Probe probes v1 short=prb
    PrometheusAgent prometheusagents v1alpha1 short=promagent
    Prometheus prometheuses v1 short=prom
    PrometheusRule prometheusrules v1 short=promrule
    ScrapeConfig scrapeconfigs v1alpha1 short=scfg
    ServiceMonitor servicemonitors v1 short=smon
    ThanosRuler thanosrulers v1 short=ruler`, options);
}

export function cloudnativePgCrds(options: CrdOptions = {}): KubeObject[] {
  return crds('postgresql.cnpg.io', `
    Backup backups v1 cols=age,cluster,phase
    ClusterImageCatalog clusterimagecatalogs v1 Cluster
    Cluster clusters v1 cols=age,phase
    Database databases v1 cols=age,cluster
    FailoverQuorum failoverquorums v1
    ImageCatalog imagecatalogs v1
    Pooler poolers v1 cols=age,cluster
    Publication publications v1 cols=age,cluster
    ScheduledBackup scheduledbackups v1 cols=age,cluster
    Subscription subscriptions v1 cols=age,cluster`, options);
}

export function barmanCloudCrds(options: CrdOptions = {}): KubeObject[] {
  return crds('barmancloud.cnpg.io', `
    ObjectStore objectstores v1 cols=age`, options);
}

export function dragonflyCrds(options: CrdOptions = {}): KubeObject[] {
  return crds('dragonflydb.io', `
    Dragonfly dragonflies v1alpha1 cols=phase`, options);
}

export function strimziCrds(options: CrdOptions = {}): KubeObject[] {
  return [
    ...crds('kafka.strimzi.io', `
      KafkaBridge kafkabridges v1beta2 short=kb
      KafkaConnector kafkaconnectors v1beta2 short=kctr
      KafkaConnect kafkaconnects v1beta2 short=kc
      KafkaMirrorMaker2 kafkamirrormaker2s v1beta2 short=kmm2
      KafkaNodePool kafkanodepools v1beta2 short=knp
      KafkaRebalance kafkarebalances v1beta2 short=kr
      Kafka kafkas v1beta2 short=k cols=ready
      KafkaTopic kafkatopics v1beta2 short=kt cols=ready
      KafkaUser kafkausers v1beta2 short=ku cols=ready`, options),
    ...crds('core.strimzi.io', `
      StrimziPodSet strimzipodsets v1beta2 short=sps`, options),
  ];
}

export function gatewayApiCrds(options: CrdOptions = {}): KubeObject[] {
  return crds('gateway.networking.k8s.io', `
    BackendTLSPolicy backendtlspolicies v1 short=btlspolicy
    GatewayClass gatewayclasses v1,v1beta1 Cluster short=gc cols=controller,accepted,age
    Gateway gateways v1,v1beta1 short=gtw cols=class,address,programmed,age
    GRPCRoute grpcroutes v1 cols=hostnames,age
    HTTPRoute httproutes v1,v1beta1 cols=hostnames,age
    ReferenceGrant referencegrants v1beta1 short=refgrant`, options);
}

/** What the Gateway API's experimental channel has beyond the standard one. */
export function gatewayApiExperimentalCrds(options: CrdOptions = {}): KubeObject[] {
  return [
    ...crds('gateway.networking.k8s.io', `
      TCPRoute tcproutes v1alpha2
      TLSRoute tlsroutes v1alpha3,v1alpha2
      UDPRoute udproutes v1alpha2`, options),
    ...crds('gateway.networking.x-k8s.io', `
      XBackendTrafficPolicy xbackendtrafficpolicies v1alpha1 short=xbtrafficpolicy
      XListenerSet xlistenersets v1alpha1 short=lset
      XMesh xmeshes v1alpha1 Cluster`, options),
  ];
}

/** Cilium's own: its operator registers them when it starts, the chart does not carry them. */
export function ciliumCrds(): KubeObject[] {
  return crds('cilium.io', `
    CiliumBGPAdvertisement ciliumbgpadvertisements v2,v2alpha1 Cluster short=cbgpadvert
    CiliumBGPClusterConfig ciliumbgpclusterconfigs v2,v2alpha1 Cluster short=cbgpcluster
    CiliumBGPNodeConfig ciliumbgpnodeconfigs v2,v2alpha1 Cluster short=cbgpnode
    CiliumBGPNodeConfigOverride ciliumbgpnodeconfigoverrides v2,v2alpha1 Cluster short=cbgpnodeoverride
    CiliumBGPPeerConfig ciliumbgppeerconfigs v2,v2alpha1 Cluster short=cbgppeer
    CiliumCIDRGroup ciliumcidrgroups v2,v2alpha1 Cluster short=ccg
    CiliumClusterwideEnvoyConfig ciliumclusterwideenvoyconfigs v2 Cluster short=ccec
    CiliumClusterwideNetworkPolicy ciliumclusterwidenetworkpolicies v2 Cluster short=ccnp
    CiliumEndpoint ciliumendpoints v2 short=cep,ciliumep
    CiliumEnvoyConfig ciliumenvoyconfigs v2 short=cec
    CiliumGatewayClassConfig ciliumgatewayclassconfigs v2alpha1 short=cgcc
    CiliumIdentity ciliumidentities v2 Cluster short=ciliumid
    CiliumL2AnnouncementPolicy ciliuml2announcementpolicies v2alpha1 Cluster short=l2announcement
    CiliumLoadBalancerIPPool ciliumloadbalancerippools v2,v2alpha1 Cluster short=ippools,ippool,lbippool,lbippools
    CiliumNetworkPolicy ciliumnetworkpolicies v2 short=cnp,ciliumnp
    CiliumNode ciliumnodes v2 Cluster short=cn,ciliumn
    CiliumNodeConfig ciliumnodeconfigs v2
    CiliumPodIPPool ciliumpodippools v2alpha1 Cluster short=cpip`, { labels: { 'io.cilium.k8s.crd.schema.version': '1.31.11' } });
}

/** Snapshots of volumes: of the API, served by nobody until these are there. */
export function snapshotCrds(options: CrdOptions = {}): KubeObject[] {
  return crds('snapshot.storage.k8s.io', `
    VolumeSnapshotClass volumesnapshotclasses v1 Cluster short=vsclass,vsclasses
    VolumeSnapshotContent volumesnapshotcontents v1 Cluster short=vsc,vscs
    VolumeSnapshot volumesnapshots v1 short=vs`, options);
}

export function volsyncCrds(options: CrdOptions = {}): KubeObject[] {
  return crds('volsync.backube', `
    ReplicationDestination replicationdestinations v1alpha1 cols=lastSync,syncDuration,nextSync
    ReplicationSource replicationsources v1alpha1 cols=source,lastSync,syncDuration,nextSync`, options);
}

export function cephCrds(options: CrdOptions = {}): KubeObject[] {
  return [
    ...crds('ceph.rook.io', `
      CephBlockPoolRadosNamespace cephblockpoolradosnamespaces v1 short=cephbprns,cephns cols=phase,age
      CephBlockPool cephblockpools v1 short=cephbp cols=phase,age
      CephBucketNotification cephbucketnotifications v1 short=cephbn
      CephBucketTopic cephbuckettopics v1 short=cephbt cols=phase,age
      CephClient cephclients v1 short=cephcl cols=phase,age
      CephCluster cephclusters v1 short=ceph cols=phase,age
      CephCOSIDriver cephcosidrivers v1 short=cephcosi
      CephFilesystemMirror cephfilesystemmirrors v1 short=cephfsm cols=phase,age
      CephFilesystem cephfilesystems v1 short=cephfs cols=phase,age
      CephFilesystemSubVolumeGroup cephfilesystemsubvolumegroups v1 short=cephfssvg,cephsvg cols=phase,age
      CephNFS cephnfses v1 short=nfs
      CephObjectRealm cephobjectrealms v1 short=cephor
      CephObjectStore cephobjectstores v1 short=cephos cols=phase,age
      CephObjectStoreUser cephobjectstoreusers v1 short=cephosu,objectuser cols=phase,age
      CephObjectZoneGroup cephobjectzonegroups v1 short=cephozg cols=phase,age
      CephObjectZone cephobjectzones v1 short=cephoz cols=phase,age
      CephRBDMirror cephrbdmirrors v1 short=cephrbdm cols=phase,age`, options),
    ...crds('objectbucket.io', `
      ObjectBucketClaim objectbucketclaims v1alpha1 short=obc,obcs
      ObjectBucket objectbuckets v1alpha1 Cluster short=ob,obs`, options),
  ];
}

export function actionsRunnerCrds(options: CrdOptions = {}): KubeObject[] {
  return crds('actions.github.com', `
    AutoscalingListener autoscalinglisteners v1alpha1
    AutoscalingRunnerSet autoscalingrunnersets v1alpha1
    EphemeralRunner ephemeralrunners v1alpha1
    EphemeralRunnerSet ephemeralrunnersets v1alpha1`, options);
}

/** Of the operator that runs Ceph's CSI drivers, which comes with Rook's chart. */
export function cephCsiCrds(options: CrdOptions = {}): KubeObject[] {
  return crds('csi.ceph.io', `
    CephConnection cephconnections v1alpha1
    ClientProfileMapping clientprofilemappings v1alpha1
    ClientProfile clientprofiles v1alpha1
    Driver drivers v1alpha1
    OperatorConfig operatorconfigs v1alpha1`, options);
}

export function fluxOperatorCrds(options: CrdOptions = {}): KubeObject[] {
  return crds('fluxcd.controlplane.io', `
    FluxInstance fluxinstances v1 cols=age,ready,status,revision
    FluxReport fluxreports v1 cols=age,ready,status
    ResourceSetInputProvider resourcesetinputproviders v1 short=rsip cols=age,ready,status
    ResourceSet resourcesets v1 short=rset cols=age,ready,status`, options);
}

/** The custom resources of Flux's own controllers, by the controller that serves them. */
export function fluxCrds(component: string, options: CrdOptions): KubeObject[] {
  switch (component) {
    case 'source-controller':
      return crds('source.toolkit.fluxcd.io', `
        Bucket buckets v1 cols=age,ready,status
        ExternalArtifact externalartifacts v1 cols=age,ready,status
        GitRepository gitrepositories v1 short=gitrepo cols=url,age,ready,status
        HelmChart helmcharts v1 short=hc cols=age,ready,status
        HelmRepository helmrepositories v1 short=helmrepo cols=url,age,ready,status
        OCIRepository ocirepositories v1 short=ocirepo cols=url,ready,status,age`, options);
    case 'kustomize-controller': return crds('kustomize.toolkit.fluxcd.io', 'Kustomization kustomizations v1 short=ks cols=age,ready,status,suspended', options);
    case 'helm-controller': return crds('helm.toolkit.fluxcd.io', 'HelmRelease helmreleases v2 short=hr cols=age,ready,status,suspended', options);
    case 'notification-controller':
      return crds('notification.toolkit.fluxcd.io', `
        Alert alerts v1beta3
        Provider providers v1beta3
        Receiver receivers v1 cols=age,ready,status`, options);
    case 'image-reflector-controller':
      return crds('image.toolkit.fluxcd.io', `
        ImagePolicy imagepolicies v1 short=imgpol,imagepol cols=age,ready,status
        ImageRepository imagerepositories v1 short=imgrepo,imagerepo cols=age,ready,status`, options);
    case 'image-automation-controller': return crds('image.toolkit.fluxcd.io', 'ImageUpdateAutomation imageupdateautomations v1 short=iua,imgupd,imgauto cols=age,ready,status', options);
    case 'source-watcher': return crds('source.extensions.fluxcd.io', 'ArtifactGenerator artifactgenerators v1beta1 short=ag cols=age,ready,status', options);
    default: throw new Error(`catalog: ${component} is no component of Flux that the lab knows`);
  }
}
